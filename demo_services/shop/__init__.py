"""A shop of three services, each with a sidecar, and the story of a sale."""
