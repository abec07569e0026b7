"""Which genes the sites of a factor regulate: priors of gene regulatory networks."""
