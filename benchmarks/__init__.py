"""Side-by-side measurements of the sidecar against the proxies that people run today."""
