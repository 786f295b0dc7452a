"""Where requests go: endpoints, how one is chosen, and the connections kept to it. No I/O."""
