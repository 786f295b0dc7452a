"""Small real services, and the load that shows what a sidecar does for them."""
