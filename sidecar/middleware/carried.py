"""What a service passes on from the request that it serves to the calls that it makes.

A sidecar sees each call of a service by itself. Only the service knows which request a call is
made for, so it has to copy a few fields: the trace, the deadline and the priority.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

DEADLINE: Final = "x-request-deadline"
#: Names in lower case. The first three are W3C standards, the others the sidecar's own.
FIELDS: Final = ("traceparent", "tracestate", "baggage", DEADLINE, "x-request-priority")

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

#: What is left of a deadline; its other form is the moment, in milliseconds since 1970.
_LEFT: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ms|s)", re.ASCII)

_fields: ContextVar[Mapping[str, str]] = ContextVar("sidecar_carried_fields", default=NOTHING)


def carried() -> dict[str, str]:
    """The fields to send with a call; empty when no request is being served.

    For any client: ``httpx.get(url, headers=carried())``.
    """
    return dict(_fields.get())


def carry(received: Mapping[str, str]) -> None:
    """Let ``carried`` answer with these fields from now on, in this task or thread."""
    _fields.set(_lasting(received))


@contextmanager
def carrying(received: Mapping[str, str]) -> Iterator[None]:
    """Let ``carried`` answer with these fields inside the block, as before after it."""
    token = _fields.set(_lasting(received))
    try:
        yield
    finally:
        _fields.reset(token)


def _lasting(received: Mapping[str, str]) -> Mapping[str, str]:
    """The same fields, but what is left of the deadline as the moment at which nothing is.

    Time passes between the request and the call: a moment stays true.
    """
    left = _LEFT.fullmatch(received.get(DEADLINE, ""))
    if left is None:
        return received
    seconds = float(left[1]) / (1000 if left[2] == "ms" else 1)
    return {**received, DEADLINE: str(int((time.time() + seconds) * 1000))}
