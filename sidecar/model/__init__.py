"""The words that every part of the sidecar shares; imports nothing of ours."""
