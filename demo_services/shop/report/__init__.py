"""The HTML report of a run: one file, nothing from outside."""
