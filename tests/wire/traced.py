"""A request that is known by plain ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Ids:
    """What an exchange says of its trace."""

    request_id: bytes = b"id-1"
    trace_id: bytes = b"1" * 32
    span_id: bytes = b"3" * 16
    try_id: bytes = b"2" * 16
    trace_flags: int = 1
    trace_state: bytes = b""
