"""For services beside a sidecar: pass on what came with a request to the calls that it causes."""
