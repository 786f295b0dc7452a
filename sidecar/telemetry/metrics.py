"""What is counted in line, on the data path, so that it is exact when all else is overloaded.

Objects are handed out by name and are the same ones for as long as the process lives: counters
go on over reloads.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import sidecar
from sidecar.model.outcome import CLIENT_GONE, CLIENT_STALLED
from sidecar.model.policy import Mode, Reading, Rule
from sidecar.telemetry import catalogue
from sidecar.telemetry.catalogue import KNOWN_METHODS, OTHER_METHOD, Use, reasons
from sidecar.telemetry.cells import Aim, DecisionCell, HistogramCell, ObjectiveCell, Tally
from sidecar.telemetry.export_meters import ExportMeters
from sidecar.telemetry.host_metrics import GC_BUCKETS
from sidecar.telemetry.rule_told import RuleTold

KeyT = TypeVar("KeyT")

FAULTS_OF_CLIENTS: Final = frozenset({CLIENT_GONE.reason, CLIENT_STALLED.reason})

#: The signals of which something can be lost.
RECORDS: Final = "records"
LOGS: Final = "logs"
METRICS: Final = "metrics"
AUDIT: Final = "audit"


def method_label(method: str) -> str:
    """A method as a label: itself when it is known, else ``_OTHER``."""
    return method if method in KNOWN_METHODS else OTHER_METHOD


class ListenerMeters:
    """What is counted for one listener."""

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "connections_open",
        "connections_refused",
        "connections_total",
        "deadlines_ignored",
        "name",
        "overhead",
        "rejected",
        "scheme",
    )

    def __init__(self, name: str, scheme: str) -> None:
        self.name = name
        self.scheme = scheme
        self.connections_open = 0
        self.connections_total = 0
        #: Call it with the reason.
        self.connections_refused = Tally(reasons(Use.CONNECTION))
        #: Call it with the reason.
        self.rejected = Tally(reasons(Use.REJECTION))
        #: Deadlines that could not be read.
        self.deadlines_ignored = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self.overhead = HistogramCell(catalogue.OVERHEAD_BUCKETS)


class _Answers:
    """Durations by method, status and error.

    The common way is one look-up and one call::

        cell = meters.cells.get((method, status)) or meters.open(method, status)
        cell.observe(seconds)
    """

    __slots__ = ("cells", "failed")

    def __init__(self) -> None:
        #: By method label and status, for answers that carry no reason of ours.
        self.cells: dict[tuple[str, int], HistogramCell] = {}
        #: By method label, status and reason.
        self.failed: dict[tuple[str, int, str], HistogramCell] = {}

    def open(self, method: str, status: int, error: str = "") -> HistogramCell:
        """The cell of these labels, made when it is asked for the first time.

        ``method`` may be any: one that nobody knows shares a cell with its like, and is asked
        for here each time. ``status`` is 0 when there was no answer; ``error`` is the reason
        when the sidecar has one.
        """
        method, error = method_label(method), self._error(status, error)
        if not error:
            return _cell(self.cells, (method, status))
        return _cell(self.failed, (method, status, error))

    def find(self, method: str, status: int, error: str = "") -> HistogramCell | None:
        """The cell of these labels, if something was counted in it."""
        method, error = method_label(method), self._error(status, error)
        if not error:
            return self.cells.get((method, status))
        return self.failed.get((method, status, error))

    def _error(self, status: int, error: str) -> str:  # noqa: ARG002 - the server's side asks
        """The reason, where it makes the answer an error."""
        return error


class ServerMeters(_Answers):
    """What is counted for the requests of one route on one listener."""

    __slots__ = ("in_flight", "listener", "refused", "route")

    def __init__(self, listener: ListenerMeters, route: str) -> None:
        super().__init__()
        self.listener = listener
        self.route = route
        self.in_flight = 0
        #: Requests that a rule refused, whatever the status.
        self.refused = 0

    def _error(self, status: int, error: str) -> str:
        # OpenTelemetry's HTTP conventions: seen from the server a 4xx is no error, our own 429
        # neither, nor is a client that went away.
        return "" if 400 <= status < 500 or error in FAULTS_OF_CLIENTS else error


class ClientMeters(_Answers):
    """What is counted for the attempts at one endpoint of one upstream."""

    __slots__ = (
        "checks_failed",
        "checks_passed",
        "cluster",
        "connect_failures",
        "connections_open",
        "connects_total",
        "ejections",
        "endpoint",
        "is_ejected",
        "is_up",
        "pending",
        "pool_overflows",
        "requests_in_flight",
        "retries_total",
        "unsolicited_total",
    )

    def __init__(self, cluster: str, endpoint: str) -> None:
        super().__init__()
        self.cluster = cluster
        self.endpoint = endpoint
        self.connects_total = 0
        #: Call it with the reason.
        self.connect_failures = Tally(reasons(Use.CONNECT))
        self.connections_open = 0
        self.requests_in_flight = 0
        #: Call it with why the attempt before failed.
        self.retries_total = Tally(reasons(Use.RETRY))
        self.pending = 0
        self.pool_overflows = 0
        self.unsolicited_total = 0
        # Copied now and then from where they are kept. None once no rule set names it any more.
        self.is_up: bool | None = True
        self.is_ejected: bool | None = False
        self.ejections = 0
        self.checks_passed = 0
        self.checks_failed = 0


class ReloadMeters:
    """Which rule set is live, since when, and how reloads went."""

    __slots__ = ("failures", "last_failed", "last_success", "successes", "version")

    def __init__(self) -> None:
        self.successes = 0
        self.failures = 0
        self.last_failed = False
        #: Wall clock, in seconds since 1970; 0 before the first rule set.
        self.last_success = 0.0
        self.version = ""

    def succeeded(self, version: str, at: float) -> None:
        """A rule set went live at ``at`` (seconds since 1970); the first one counts too."""
        self.successes += 1
        self.last_failed = False
        self.last_success = at
        self.version = version

    def failed(self) -> None:
        """A changed file could not go live; what was live stays."""
        self.failures += 1
        self.last_failed = True


class FileMeters:
    """How reloads of the files went that the rules name."""

    __slots__ = ("failures", "successes", "trouble")

    def __init__(self) -> None:
        self.successes = 0
        self.failures = 0
        #: Files whose content on the disk is not the one in force.
        self.trouble: set[str] = set()

    def succeeded(self, path: str) -> None:
        """What stands in the file is in force."""
        self.successes += 1
        self.trouble.discard(path)

    def failed(self, path: str) -> None:
        """What stands in the file cannot be used."""
        self.failures += 1
        self.trouble.add(path)


class Meters:
    """All that is counted, by name.

    Names of listeners, routes, upstreams, endpoints and rules come from the rule file: label
    sets are closed, whatever clients send.
    """

    def __init__(self, service: str = "unknown_service") -> None:
        self.service = service
        self.version = sidecar.__version__
        self.python = platform.python_version()
        self.reloads = ReloadMeters()
        self.files = FileMeters()
        self.loop_lag = HistogramCell(catalogue.LAG_BUCKETS)
        #: CPU seconds of the loop's thread, copied now and then.
        self.loop_cpu_seconds = 0.0
        #: How much of each resource is used of late, 0 to 1; copied now and then.
        self.saturation: dict[str, float] = {}
        #: Pauses of the garbage collector by generation.
        self.gc_pauses = {age: HistogramCell(GC_BUCKETS) for age in range(3)}
        self.drops = {
            RECORDS: Tally(reasons(Use.RECORD_DROP)),
            LOGS: Tally(reasons(Use.LOG_DROP)),
            METRICS: Tally(reasons(Use.METRIC_DROP)),
            AUDIT: Tally(reasons(Use.LOG_DROP)),
        }
        #: What exporters report; what they have lost is theirs.
        self.exports = ExportMeters()
        self.listeners: dict[str, ListenerMeters] = {}
        self.servers: dict[tuple[str, str], ServerMeters] = {}
        self.clients: dict[tuple[str, str], ClientMeters] = {}
        #: For upstreams that are found by name: lookups that failed, and those that did not.
        self.lookups: dict[str, list[int]] = {}
        #: What the rules in force show when somebody looks; set by whoever runs them.
        self.readings: Callable[[], Iterable[tuple[Rule, Reading]]] = tuple
        self.decisions: dict[tuple[str, str, Mode], DecisionCell] = {}
        self.objectives: dict[str, ObjectiveCell] = {}
        #: What the objectives in force ask for; set by whoever runs the rules.
        self.aims: Callable[[], dict[str, Aim]] = dict
        #: The rules of the live rule set; set by whoever runs them.
        self.rules_told: Callable[[], Iterable[RuleTold]] = tuple
        #: How many things are in the hands of operators, by sort; set by whoever runs the rules.
        self.controls: Callable[[], dict[str, int]] = _none_controlled

    def listener(self, name: str, scheme: str = "http") -> ListenerMeters:
        """The meters of a listener; ``scheme`` is what its clients speak."""
        meters = self.listeners.get(name)
        if meters is None:
            meters = self.listeners[name] = ListenerMeters(name, scheme)
        return meters

    def server(self, listener: str, route: str) -> ServerMeters:
        """The meters of a route on a listener."""
        meters = self.servers.get((listener, route))
        if meters is None:
            meters = ServerMeters(self.listener(listener), route)
            self.servers[listener, route] = meters
        return meters

    def client(self, cluster: str, endpoint: str) -> ClientMeters:
        """The meters of an endpoint (``host:port`` or a socket's path) of an upstream."""
        meters = self.clients.get((cluster, endpoint))
        if meters is None:
            meters = self.clients[cluster, endpoint] = ClientMeters(cluster, endpoint)
        return meters

    def forget(self, gone: ClientMeters) -> None:
        """An endpoint that was found by name is there no more, nor is what was counted for it."""
        self.clients.pop((gone.cluster, gone.endpoint), None)

    def looked_up(self, cluster: str, *, found: bool) -> None:
        """An upstream was looked up by name."""
        counts = self.lookups.setdefault(cluster, [0, 0])
        counts[found] += 1

    def decision(self, kind: str, name: str, mode: Mode) -> DecisionCell:
        """The counts of a rule in a mode."""
        cell = self.decisions.get((kind, name, mode))
        if cell is None:
            cell = self.decisions[kind, name, mode] = DecisionCell()
        return cell

    def objective(self, name: str) -> ObjectiveCell:
        """The counts of an objective."""
        cell = self.objectives.get(name)
        if cell is None:
            cell = self.objectives[name] = ObjectiveCell()
        return cell

    def dropped(self, signal: str, reason: str, count: int = 1) -> None:
        """Telemetry was lost. ``signal`` is ``RECORDS``, ``LOGS``, ``METRICS`` or ``AUDIT``.

        Each reason of a signal may be counted by one thread alone.
        """
        self.drops[signal](reason, count)


def _cell(cells: dict[KeyT, HistogramCell], key: KeyT) -> HistogramCell:
    cell = cells.get(key)
    if cell is None:
        cell = cells[key] = HistogramCell(catalogue.DURATION_BUCKETS)
    return cell


def _none_controlled() -> dict[str, int]:
    return {"override": 0, "switch": 0, "breaker": 0}
