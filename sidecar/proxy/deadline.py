"""Until when the caller waits: read from its request, and told to whoever is asked next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.proxy.clock import wall_offset
from sidecar.wire.deadline import moment_of, read_deadline, what_is_left

if TYPE_CHECKING:
    from sidecar.proxy.exchange import Exchange
    from sidecar.proxy.forwarder import Forwarder
    from sidecar.ruleset.routes import DeadlineHeader


def take_deadline(exchange: Exchange, header: DeadlineHeader) -> None:
    """Take in what the request says; from those who are not believed the field is gone already."""
    request = exchange.request
    said = request.fields.get(header.name)
    if said is None:
        return
    beginning = header.name + b":"
    length = len(beginning)
    request.lines = [line for line in request.lines if line[:length].lower() != beginning]
    until = read_deadline(said, exchange.started, wall_offset())
    if until is None:
        exchange.downstream.listener.meters.deadlines_ignored += 1
    else:
        exchange.given = until


def deadline_line(exchange: Forwarder, header: DeadlineHeader, now: float) -> bytes:
    """What the upstream is told: when nobody waits for its answer any more."""
    until = min(now + exchange.route.timeouts.request, exchange.given, exchange.deadline)
    value = moment_of(until, wall_offset()) if header.is_moment else what_is_left(until, now)
    return b"%b: %b\r\n" % (header.name, value)
