"""HTTP/1.1 without sockets: heads, framing and the rules of forwarding (RFC 9110, 9112)."""
