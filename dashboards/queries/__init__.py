"""What panels ask, as functions: the same question is written once."""
