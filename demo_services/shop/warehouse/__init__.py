"""Where the pieces lie."""
