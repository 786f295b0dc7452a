"""What the sidecar tells about itself and its traffic: metrics, records, logs."""
