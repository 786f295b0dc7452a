"""Which of the numbers that were counted belong to which metric, and under which labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sidecar.telemetry import catalogue as c
from sidecar.telemetry import export_metrics as e
from sidecar.telemetry import host_metrics as h
from sidecar.telemetry.cells import DecisionCell, HistogramCell, ObjectiveCell, Tally
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.export_meters import BackendMeters, ExportMeters
from sidecar.telemetry.metrics import ClientMeters, Meters, ServerMeters
from sidecar.telemetry.readings import reading_rows

#: Label values in the order of the metric's declaration, ``service`` left out.
Labels = tuple[str, ...]
Row = tuple[Labels, float | HistogramCell]


def series(meters: Meters) -> Iterator[tuple[Metric, Iterator[Row]]]:
    """Every metric with its rows, which are read while they are walked through."""
    yield from _listener_rows(meters)
    yield from _server_rows(meters)
    yield from _client_rows(meters)
    yield from _own_rows(meters)


def _listener_rows(meters: Meters) -> Iterator[tuple[Metric, Iterator[Row]]]:
    every = list(meters.listeners.values())
    yield c.OVERHEAD, (((one.name,), one.overhead) for one in every)
    yield c.REJECTED, (row for one in every for row in _tally((one.name,), one.rejected))
    yield c.DEADLINES_IGNORED, (((one.name,), one.deadlines_ignored) for one in every)
    yield c.DOWNSTREAM_OPEN, (((one.name,), one.connections_open) for one in every)
    yield c.DOWNSTREAM_CONNECTIONS, (((one.name,), one.connections_total) for one in every)
    yield (
        c.DOWNSTREAM_REFUSED,
        (row for one in every for row in _tally((one.name,), one.connections_refused)),
    )
    yield c.DOWNSTREAM_RECEIVED, (((one.name,), one.bytes_received) for one in every)
    yield c.DOWNSTREAM_SENT, (((one.name,), one.bytes_sent) for one in every)


def _server_rows(meters: Meters) -> Iterator[tuple[Metric, Iterator[Row]]]:
    every = list(meters.servers.values())
    yield (
        c.REQUESTS_IN_FLIGHT,
        (((one.listener.name, one.route), one.in_flight) for one in every),
    )
    yield c.SERVER_DURATION, (row for one in every for row in _server_answers(one))


def _client_rows(meters: Meters) -> Iterator[tuple[Metric, Iterator[Row]]]:
    every = [(_endpoint(one), one) for one in meters.clients.values()]
    yield c.CLIENT_DURATION, (row for at, one in every for row in _client_answers(at, one))
    yield c.UPSTREAM_IN_FLIGHT, ((at, one.requests_in_flight) for at, one in every)
    yield c.UPSTREAM_PENDING, ((at, one.pending) for at, one in every)
    yield c.UPSTREAM_OPEN, ((at, one.connections_open) for at, one in every)
    yield c.UPSTREAM_CONNECTS, ((at, one.connects_total) for at, one in every)
    yield (
        c.UPSTREAM_CONNECT_FAILURES,
        (row for at, one in every for row in _tally(at, one.connect_failures)),
    )
    yield c.UPSTREAM_OVERFLOWS, ((at, one.pool_overflows) for at, one in every)
    yield c.UPSTREAM_UNSOLICITED, ((at, one.unsolicited_total) for at, one in every)
    yield c.UPSTREAM_UP, ((at, int(one.is_up)) for at, one in every if one.is_up is not None)
    yield (
        c.UPSTREAM_EJECTED,
        ((at, int(one.is_ejected)) for at, one in every if one.is_ejected is not None),
    )
    yield c.UPSTREAM_EJECTIONS, ((at, one.ejections) for at, one in every)
    yield c.UPSTREAM_CHECKS, (row for at, one in every for row in _checks(at, one))
    yield c.UPSTREAM_LOOKUPS, _lookups(meters)
    yield c.UPSTREAM_RETRIES, (row for at, one in every for row in _tally(at, one.retries_total))


def _lookups(meters: Meters) -> Iterator[Row]:
    for cluster, (failures, successes) in list(meters.lookups.items()):
        yield (cluster, "success"), successes
        yield (cluster, "failure"), failures


def _own_rows(meters: Meters) -> Iterator[tuple[Metric, Iterator[Row]]]:
    reloads = meters.reloads
    decisions = list(meters.decisions.items())
    yield (
        c.DECISIONS,
        (
            row
            for (kind, name, mode), cell in decisions
            for row in _outcomes((kind, name, mode.value), cell)
        ),
    )
    yield c.RULE_INFO, ((labels, 1) for labels in meters.rules_told())
    objectives = list(meters.objectives.items())
    yield c.SLO_REQUESTS, (row for name, cell in objectives for row in _judged(name, cell))
    aims = meters.aims()
    yield c.SLO_TARGET, (((name,), aim.target) for name, aim in aims.items())
    yield c.SLO_OVER, (((name,), aim.over_seconds) for name, aim in aims.items())
    yield c.SLO_NOT_SHED, (((name,), int(aim.not_shed)) for name, aim in aims.items())
    yield from reading_rows(meters.readings())
    yield c.CONTROLS, (((what,), count) for what, count in meters.controls().items())
    yield c.RULES, iter([((reloads.version,), 1)])
    yield c.RELOADS, iter([(("success",), reloads.successes), (("failure",), reloads.failures)])
    yield c.RELOAD_SUCCESSFUL, iter([((), int(not reloads.last_failed))])
    yield c.RELOAD_TIME, iter([((), reloads.last_success)])
    files = meters.files
    yield c.FILE_RELOADS, iter([(("success",), files.successes), (("failure",), files.failures)])
    yield c.FILES_REFUSED, iter([((), len(files.trouble))])
    yield c.BUILD, iter([((meters.version, meters.python), 1)])
    yield c.LOOP_LAG, iter([((), meters.loop_lag)])
    yield h.LOOP_CPU, iter([((), meters.loop_cpu_seconds)])
    yield h.GC_PAUSE, (((str(age),), cell) for age, cell in meters.gc_pauses.items())
    used = dict(meters.saturation)
    yield h.SATURATION, (((), share) for share in [max(used.values(), default=0.0)])
    yield h.SATURATION_BY_RESOURCE, (((name,), share) for name, share in used.items())
    yield c.DROPPED, _drops(meters)
    yield from _export_rows(meters.exports)


def _drops(meters: Meters) -> Iterator[Row]:
    for signal, tally in meters.drops.items():
        yield from _tally(("", signal), tally)
    for name, one in list(meters.exports.backends.items()):
        for signal, tally in one.dropped.items():
            yield from _tally((name, signal), tally)


def _export_rows(meters: ExportMeters) -> Iterator[tuple[Metric, Iterator[Row]]]:
    every = list(meters.backends.items())
    if not every:
        return
    wanted = [(name, one) for name, one in every if one.is_wanted]
    yield e.SENT, (((name, signal), n) for name, one in every for signal, n in one.sent.items())
    yield e.REQUESTS, (row for name, one in every for row in _requests(name, one))
    yield e.SECONDS, (((name,), one.seconds) for name, one in every)
    yield e.UP, (((name,), int(one.is_up)) for name, one in wanted)
    yield e.QUEUE, (((name,), one.queue_bytes) for name, one in wanted)
    yield e.AGE, (((name,), one.oldest_seconds) for name, one in wanted)
    yield e.SPOOL, (((name,), one.spool_bytes) for name, one in wanted)
    yield e.SPOOLED, (((name,), one.spool_documents) for name, one in wanted)
    yield e.RESTARTS, iter([((), meters.restarts)])
    yield e.MEMORY, iter([((), meters.resident_bytes)])
    yield e.CPU, iter([((), meters.cpu_seconds)])


def _requests(name: str, meters: BackendMeters) -> Iterator[Row]:
    yield (name, "success"), meters.successes
    yield (name, "failure"), meters.failures


def _tally(labels: Labels, tally: Tally) -> Iterator[Row]:
    return (((*labels, reason), count) for reason, count in tally.counts.items())


def _outcomes(labels: Labels, cell: DecisionCell) -> Iterator[Row]:
    yield (*labels, "admitted"), cell.admitted
    yield (*labels, "refused"), cell.refused
    yield (*labels, "parked"), cell.parked
    yield (*labels, "applied"), cell.applied


def _judged(name: str, cell: ObjectiveCell) -> Iterator[Row]:
    yield (name, "good"), cell.good
    yield (name, "bad"), cell.bad
    yield (name, "shed"), cell.shed


def _checks(labels: Labels, meters: ClientMeters) -> Iterator[Row]:
    yield (*labels, "success"), meters.checks_passed
    yield (*labels, "failure"), meters.checks_failed


def _server_answers(meters: ServerMeters) -> Iterator[Row]:
    listener = meters.listener
    at = (listener.name, meters.route, listener.scheme)
    return _answers(at, meters.cells, meters.failed, errors_from=500)


def _client_answers(at: Labels, meters: ClientMeters) -> Iterator[Row]:
    return _answers(at, meters.cells, meters.failed, errors_from=400)


def _answers(
    at: Labels,
    cells: Mapping[tuple[str, int], HistogramCell],
    failed: Mapping[tuple[str, int, str], HistogramCell],
    *,
    errors_from: int,
) -> Iterator[Row]:
    """``error.type`` is the reason, else the status where the status says that it is an error."""
    for (method, status), cell in list(cells.items()):
        error = str(status) if status >= errors_from else ""
        yield (*at, method, _status(status), error), cell
    for (method, status, reason), cell in list(failed.items()):
        yield (*at, method, _status(status), reason), cell


#: How the name of an endpoint begins that is no host with a port.
_SOCKET: Final = "unix:"


def _status(status: int) -> str:
    return str(status) if status else ""


def _endpoint(meters: ClientMeters) -> Labels:
    """The upstream with ``server.address`` and ``server.port``.

    The path of a socket has no port, nor has the word for all hosts that no rule names.
    """
    endpoint = meters.endpoint
    if endpoint.startswith(_SOCKET):
        return meters.cluster, endpoint.removeprefix(_SOCKET), ""
    host, colon, port = endpoint.rpartition(":")
    return meters.cluster, host.strip("[]") if colon else endpoint, port if colon else ""
