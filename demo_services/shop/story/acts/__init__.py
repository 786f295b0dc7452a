"""The acts of the story, in the order in which they are played."""
