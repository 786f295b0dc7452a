"""What customers see: pages put together from the other services."""
