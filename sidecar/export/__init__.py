"""The exporter: a process beside the sidecar that brings telemetry to its backends.

Requests never wait for it, its memory is bounded, every loss is counted by reason, and what was
spooled arrives exactly once.
"""
