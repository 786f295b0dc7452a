"""Decisions as they fall, for whoever looks on: a line of JSON each.

Who reads slowly loses lines and is told how many; nothing waits for him.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import msgspec
from aiohttp import web

from sidecar.admin.decisions import LISTENERS_AT_MOST, Listener
from sidecar.admin.operation import Call, Operation
from sidecar.admin.refusal import Refused
from sidecar.admin.telling import FILTERS, decision_of, wanted_by

NDJSON: Final = "application/x-ndjson"
#: A listener who has heard nothing for so long is sent an empty line, which shows if he is there.
_HEARTBEAT_SECONDS: Final = 5.0
#: No listener is sent more than so many lines at a time, so many times a second.
_LINES_AT_ONCE: Final = 250
_PAUSE_SECONDS: Final = 0.1


async def stream(call: Call) -> web.StreamResponse:
    """Send what comes until the listener goes."""
    listener = call.inside.decisions.listen(wanted_by(call.request.query))
    if listener is None:
        raise Refused(503, f"{LISTENERS_AT_MOST} listen already: close one of them")
    response = web.StreamResponse(
        headers={"Content-Type": NDJSON, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    try:
        await response.prepare(call.request)
        # So that the listener knows that nothing is missed from here on.
        await response.write(b"\n")
        with suppress(ConnectionError):
            await _send(listener, response, call)
    finally:
        call.inside.decisions.leave(listener)
    return response


async def _send(listener: Listener, response: web.StreamResponse, call: Call) -> None:
    encoder = msgspec.json.Encoder()
    while call.inside.readiness.stage != "draining":
        records, lost = await listener.take(_HEARTBEAT_SECONDS)
        lost += max(len(records) - _LINES_AT_ONCE, 0)
        lines = [encoder.encode(decision_of(one)) for one in records[-_LINES_AT_ONCE:]]
        if lost:
            lines.insert(0, encoder.encode({"lost": lost}))
        lines.append(b"")
        # ``write`` waits while the listener does not read.
        await response.write(b"\n".join(lines) if records else b"\n")
        await asyncio.sleep(_PAUSE_SECONDS)


STREAM: Final = Operation(
    "GET", "/v1/decisions/stream", "Decisions as they fall: a line of JSON each", stream, None,
    query=FILTERS, problems={422: "A filter that means nothing.", 503: "Too many listen."},
    content_type=NDJSON,
)  # fmt: skip
