"""A service-governance and observability sidecar: a proxy process beside every service."""

__version__ = "0.1.0"
