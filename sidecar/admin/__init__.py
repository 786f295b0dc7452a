"""How operators and machines ask a running sidecar how it is."""
