"""What a service passes on from the request that it serves to the calls that it makes.

A sidecar sees each call of a service by itself. Only the service knows which request a call is
made for, so it has to copy a few fields: the trace, the deadline and the priority.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

#: Names in lower case. The first three are W3C standards, the others the sidecar's own.
FIELDS: Final = (
    "traceparent",
    "tracestate",
    "baggage",
    "x-request-deadline",
    "x-request-priority",
)

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_fields: ContextVar[Mapping[str, str]] = ContextVar("sidecar_carried_fields", default=NOTHING)


def carried() -> dict[str, str]:
    """The fields to send with a call; empty when no request is being served.

    For any client: ``httpx.get(url, headers=carried())``.
    """
    return dict(_fields.get())


def carry(fields: Mapping[str, str]) -> None:
    """Let ``carried`` answer with these fields from now on, in this task or thread."""
    _fields.set(fields)


@contextmanager
def carrying(fields: Mapping[str, str]) -> Iterator[None]:
    """Let ``carried`` answer with these fields inside the block, as before after it."""
    token = _fields.set(fields)
    try:
        yield
    finally:
        _fields.reset(token)
