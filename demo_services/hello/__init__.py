"""A small shop, a sidecar in front of it, and a burst: the demo for newcomers."""
