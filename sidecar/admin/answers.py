"""The shapes of what the admin API answers; its OpenAPI description is made from them.

Times are RFC 3339 in UTC. Counts only grow for as long as the process lives.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Answer(msgspec.Struct, kw_only=True, omit_defaults=False):
    """Anything that is answered; a field that is null has nothing to say."""


class Problem(Answer, omit_defaults=True):
    """Why something was not done (RFC 9457)."""

    title: str
    status: int
    #: One sentence that says what would be right.
    detail: str
    type: str = "about:blank"
    #: What there is, when something was named that there is not.
    there_are: list[str] = []


class Live(Answer):
    """That the event loop turns."""

    live: bool


class Ready(Answer, omit_defaults=True):
    """Whether new requests are welcome."""

    ready: bool
    #: ``starting`` or ``draining`` when they are not.
    reason: str = ""


class RulesVersion(Answer):
    """Which rules are in force, and how their reloads went."""

    version: str
    reloads: int
    failed_reloads: int
    last_reload_failed: bool


class Version(Answer):
    """What runs here."""

    service: str
    version: str
    python: str
    rules: RulesVersion


class Diagnosis(Answer):
    """One thing that is to be said about the rule file."""

    severity: str
    code: str
    message: str
    hint: str
    file: str
    line: int
    column: int


class RuleFileAnswer(Answer):
    """The rule file, as it is in force and as it was seen last."""

    version: str
    path: str
    in_force_since: datetime
    reloads: int
    failed_reloads: int
    #: Why the file as seen last is not in force; empty when it is.
    trouble: str
    diagnostics: list[Diagnosis]
    #: The text that is in force.
    text: str


class Reading(Answer):
    """A number that a rule, or the sidecar, shows at the moment."""

    name: str
    value: float
    label: str


class ControlAnswer(Answer):
    """Something that is in the hands of an operator for a while."""

    #: ``override``, ``switch`` or ``breaker``.
    what: str
    #: A glob over ``kind/name``, or the name of a switch or of a breaker.
    target: str
    #: A mode, ``on``, or ``open`` or ``closed``.
    setting: str
    until: datetime
    seconds_left: float
    by: str
    why: str
    #: The rules that it is about; empty where it stands beside one of them.
    rules: list[str]


class RuleCounts(Answer):
    """What a rule has decided in one mode since the process started."""

    mode: str
    admitted: int
    refused: int
    parked: int
    applied: int


class RuleAnswer(Answer):
    """One rule of the file, and how it stands."""

    kind: str
    name: str
    #: The mode in force, and the one that stands in the file.
    mode: str
    mode_in_file: str
    #: The override that makes the difference; null when there is none.
    override: ControlAnswer | None
    #: Whether it is outside of its window, and when it enters or leaves it next.
    resting: bool
    next_edge: datetime | None
    source: str
    why: str
    labels: dict[str, str]
    upstreams: list[str]
    counts: list[RuleCounts]
    readings: list[Reading]


class RuleList(Answer):
    """Every rule of the file, in its order."""

    rules: list[RuleAnswer]


class Durations(Answer):
    """A histogram: how many took up to each bound, in seconds; the last has no bound."""

    bounds: list[float]
    counts: list[int]
    total_seconds: float


class RouteAnswer(Answer):
    """The requests of one route on one listener since the process started."""

    name: str
    listener: str
    upstream: str
    in_flight: int
    requests: int
    #: By the first digit of the status, ``5xx``; ``none`` for those without an answer.
    by_status: dict[str, int]
    #: Refused by rules: with a 4xx or 5xx that a rule gave.
    refused: int
    durations: Durations
    #: The rules that hold whatever the path.
    rules: list[str]


class RouteList(Answer):
    """Every route that there is, and those that went with a reload and were counted."""

    routes: list[RouteAnswer]


class EndpointAnswer(Answer):
    """One address of an upstream."""

    address: str
    #: ``healthy``, or in a word why requests are not sent there.
    state: str
    in_flight: int
    pending: int
    connections: int
    most_connections: int
    attempts: int
    #: Those that failed, and those that found no connection.
    failures: int
    connect_failures: int
    durations: Durations


class UpstreamAnswer(Answer):
    """Where requests are sent to."""

    name: str
    balance: str
    endpoints: list[EndpointAnswer]


class UpstreamList(Answer):
    """Every upstream of the rule file."""

    upstreams: list[UpstreamAnswer]


class BreakerAnswer(Answer):
    """One breaker."""

    name: str
    mode: str
    #: ``closed``, ``open`` or ``half_open``.
    state: str
    forced: ControlAnswer | None
    next_probe_seconds: float
    error_ratio: float | None
    slow_ratio: float | None
    openings: int
    upstreams: list[str]
    source: str


class BreakerList(Answer):
    """Every breaker of the rule file."""

    breakers: list[BreakerAnswer]


class SwitchAnswer(Answer):
    """One switch."""

    name: str
    on: bool
    control: ControlAnswer | None


class SwitchList(Answer):
    """Every switch of the rule file."""

    switches: list[SwitchAnswer]


class OverrideList(Answer):
    """The overrides that hold, the one that was set last at the end."""

    overrides: list[ControlAnswer]


class LogLevel(Answer):
    """What is logged: ``DEBUG``, ``INFO``, ``WARN`` or ``ERROR`` and above."""

    level: str


class Drain(Answer):
    """Whether this sidecar asks not to be sent new requests."""

    draining: bool
    #: Why: ``by hand``, ``stopping``, or empty.
    reason: str
    in_flight: int


class Change(Answer):
    """One line of the audit log."""

    time: datetime
    #: ``override``, ``switch``, ``breaker``, ``reload``, ``drain``, ``log_level`` …
    action: str
    target: str
    setting: str
    #: ``set``, ``lifted``, ``ended``, ``done`` or ``failed``.
    result: str
    by: str
    why: str
    #: Until when it holds, where it has an end.
    until: datetime | None
    #: What else is known of who did it: user, process and address.
    details: dict[str, str | int]


class Audit(Answer):
    """Changes, the latest first."""

    changes: list[Change]


class Configuration(Answer):
    """The configuration in force: what is written, and the default of what is not."""

    version: str
    configuration: dict[str, Any]


class Host(Answer):
    """How the process itself is."""

    pid: int
    uptime_seconds: float
    cpu_seconds: float
    memory_bytes: int
    #: How much later than asked for timers fire.
    loop_lag: Durations
    connections: int
    lost_records: int
    lost_lines: int


class Status(Answer):
    """One look."""

    service: str
    version: str
    ready: bool
    reason: str
    rules_version: str
    in_force_since: datetime
    trouble: str
    path: str
    state_dir: str
    addresses: dict[str, str]
    host: Host
    controls: list[ControlAnswer]
    log_level: str


class Overview(Answer):
    """Everything that ``sidecar top`` shows, taken at one moment."""

    time: datetime
    #: Monotonic seconds, to divide differences by.
    clock: float
    status: Status
    routes: list[RouteAnswer]
    rules: list[RuleAnswer]
    breakers: list[BreakerAnswer]
    upstreams: list[UpstreamAnswer]
