"""The bounded tables that rules keep their numbers in, and that outlive a reload."""
