"""Prepares what others run for what the sidecar tells them; nothing else of theirs is touched."""
