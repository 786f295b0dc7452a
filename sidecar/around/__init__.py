"""A sidecar around a service: starts it, tells it where to call, and ends it last but one."""
