"""Units of work on other processes and machines: any executor of `concurrent.futures`."""
