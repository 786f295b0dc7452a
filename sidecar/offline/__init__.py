"""What can be said about rule files without a running sidecar."""
