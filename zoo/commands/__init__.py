"""The sub-commands of `zoo`, one file each: what adds their options to a parser, and what runs them."""
