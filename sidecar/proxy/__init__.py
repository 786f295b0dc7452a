"""The data path: the only place that touches sockets while a request is served."""
