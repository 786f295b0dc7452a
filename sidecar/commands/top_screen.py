"""What ``sidecar top`` shows: tables that fit the terminal, what matters most at the top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sidecar.admin import answers as a
from sidecar.commands.rates import Rates, RouteRates, RuleRates
from sidecar.commands.status_text import control_line, endpoint_state, ratio_text, state_text
from sidecar.commands.wording import lasting, mebibytes, millis, rate, share

_Row = TypeVar("_Row")

#: How tables can be sorted, in the order of the key ``s``.
ORDERS: Final[tuple[tuple[str, Callable[[RouteRates], float | str]], ...]] = (
    ("rate", lambda one: -one.requests),
    ("p99", lambda one: -(one.p99 or 0.0)),
    ("5xx", lambda one: -one.by_status.get("5xx", 0.0)),
    ("refused", lambda one: -one.refused),
    ("name", lambda one: one.route.name),
)
_WIDE: Final = 100
_MODES: Final = {"enforce": "", "shadow": "cyan", "disabled": "dim"}
#: What rules show of themselves, in a word; what is not named here is not shown.
_READINGS: Final = {
    "in_flight": "",
    "queued": "queued",
    "waiting_for_turn": "waiting",
    "tracked_keys": "keys",
    "shed_share": "shed",
    "cpu_share": "cpu",
    "queue_delay_seconds": "delay",
    "evictions": "evicted",
}


def screen(
    rates: Rates, *, order: int, paused: bool, width: int, height: int, keys: bool = True
) -> RenderableType:
    """Everything, cut to the height of the terminal; rules that do something come first."""
    heading: list[RenderableType] = [_heading(rates, width)]
    status = rates.now.status
    if status.trouble:
        heading.append(Text(f"! not in force: {status.trouble}", "bold red", no_wrap=True,
                            overflow="ellipsis"))  # fmt: skip
    heading += [control_line(one) for one in status.controls]
    breakers, endpoints = _breakers(rates), _endpoints(rates)
    # Below the heading: each table has an empty line and its names above it, the keys have one.
    free = height - len(heading) - 2
    free -= sum(table.row_count + 2 for table in (breakers, endpoints) if table is not None)
    routes = _routes(rates, order, max(free // 2 - 2, 3))
    free -= routes.row_count + 2
    rules = _rules(rates, max(free - 2, 3), width)
    parts = heading
    for table in (routes, rules, breakers, endpoints):
        if table is not None:
            parts += [Text(), table]
    if keys:
        parts.append(_keys(order, paused=paused))
    return Group(*parts)


def _heading(rates: Rates, width: int) -> Text:
    status, host = rates.now.status, rates.now.status.host
    ready = (" ready ", "bold black on green") if status.ready else (
        f" {status.reason} ", "bold black on yellow",
    )  # fmt: skip
    line = Text.assemble(
        (status.service, "bold"), " ", ready, "  ",
        (f"{rate(rates.requests)}/s", "bold"), "  ",
        f"cpu {share(rates.cpu_share)}  {mebibytes(host.memory_bytes)}",
        f"  lag {millis(rates.lag_p99)}  conns {host.connections}",
    )  # fmt: skip
    if width >= _WIDE:
        line.append(f"  rules {status.rules_version}  up {lasting(host.uptime_seconds)}", "dim")
    return line


def _routes(rates: Rates, order: int, most: int) -> Table:
    name, key = ORDERS[order]
    table = _table("ROUTE", ">REQ/S", ">P50", ">P99", ">2XX", ">4XX", ">5XX", ">REFUSED", ">BUSY")
    mark = {"rate": 1, "p99": 3, "5xx": 6, "refused": 7, "name": 0}[name]
    table.columns[mark].header_style = "bold reverse"
    routes = sorted(rates.routes, key=lambda one: (key(one), one.route.name))
    for one in _first(routes, most):
        by_status = one.by_status
        table.add_row(
            Text(_route_name(one.route), "" if one.requests else "dim"),
            _number(one.requests, "bold"),
            _duration(one.p50, one.route.durations.bounds),
            _duration(one.p99, one.route.durations.bounds),
            _number(by_status.get("2xx", 0.0) + by_status.get("3xx", 0.0), "green"),
            _number(by_status.get("4xx", 0.0), "yellow"),
            _number(by_status.get("5xx", 0.0) + by_status.get("none", 0.0), "bold red"),
            _number(one.refused, "yellow"),
            Text(str(one.route.in_flight) if one.route.in_flight else "·"),
        )
    _more(table, len(routes))
    return table


def _route_name(route: a.RouteAnswer) -> str:
    return route.name if route.listener == "inbound" else f"{route.listener}: {route.name}"


def _rules(rates: Rates, most: int, width: int) -> Table | None:
    if not rates.rules:
        return None
    table = _table("RULE", "MODE", ">PASS/S", ">REFUSE/S", ">WAIT/S", "NOW")
    rules = sorted(rates.rules, key=lambda one: (-_weight(one), _label(one)))
    for one in _first(rules, most):
        rule = one.rule
        refusing = "bold red" if rule.mode == "enforce" else "cyan"
        table.add_row(
            Text(_label(one), "dim" if rule.resting or rule.mode == "disabled" else ""),
            _mode(rule),
            _number(one.admitted, ""),
            _number(one.refused + one.applied, refusing),
            _number(one.parked, "yellow"),
            Text(_now(rule, wide=width >= _WIDE), "dim"),
        )
    _more(table, len(rules))
    return table


def _weight(one: RuleRates) -> float:
    """What refuses comes first, then what holds something up, then what is asked at all."""
    return (one.refused + one.applied) * 1e6 + one.parked * 1e3 + one.admitted


def _label(one: RuleRates) -> str:
    return f"{one.rule.kind}/{one.rule.name}"


def _mode(rule: a.RuleAnswer) -> Text:
    if rule.resting:
        return Text("resting", "dim")
    if rule.mode != rule.mode_in_file:
        return Text(f"{rule.mode}!", "bold yellow")
    return Text(rule.mode, _MODES.get(rule.mode, ""))


def _now(rule: a.RuleAnswer, *, wide: bool) -> str:
    """The readings that tell most, in a few words."""
    at_most = next((one.value for one in rule.readings if one.name == "at_most"), None)
    told = []
    for one in rule.readings:
        word = _READINGS.get(one.name)
        if word is None or (not one.value and one.name != "in_flight"):
            continue
        value = _value(one)
        if one.name == "in_flight":
            value += f"/{at_most:.0f}" if at_most is not None else ""
        told.append(" ".join(part for part in (word, one.label, value) if part))
    return "  ".join(told[: 4 if wide else 2])


def _value(reading: a.Reading) -> str:
    if reading.name.endswith("_share"):
        return share(reading.value)
    return millis(reading.value) if reading.name.endswith("_seconds") else f"{reading.value:.0f}"


def _breakers(rates: Rates) -> Table | None:
    breakers = rates.now.breakers
    if not breakers:
        return None
    table = _table("BREAKER", "STATE", ">NEXT PROBE", ">ERRORS", ">SLOW", ">OPENED")
    # Those that are not closed first.
    for one in sorted(breakers, key=lambda one: (one.state == "closed", one.name)):
        probe = lasting(one.next_probe_seconds) if one.next_probe_seconds else "·"
        table.add_row(
            Text(one.name), state_text(one), Text(probe),
            ratio_text(one.error_ratio), ratio_text(one.slow_ratio), Text(str(one.openings)),
        )  # fmt: skip
    return table


def _endpoints(rates: Rates) -> Table | None:
    if not rates.endpoints:
        return None
    table = _table("UPSTREAM", "ENDPOINT", "STATE", ">REQ/S", ">FAIL/S", ">P99", ">BUSY", ">POOL")
    for one in rates.endpoints:
        endpoint = one.endpoint
        table.add_row(
            Text(one.upstream),
            Text(endpoint.address),
            endpoint_state(endpoint),
            _number(one.attempts, "bold"),
            _number(one.failures, "bold red"),
            _duration(one.p99, endpoint.durations.bounds),
            Text(str(endpoint.in_flight) if endpoint.in_flight else "·"),
            Text(f"{endpoint.connections}/{endpoint.most_connections}"),
        )
    return table


def _keys(order: int, *, paused: bool) -> Text:
    line = Text.assemble(
        "\n", (" q ", "reverse"), " quit  ", (" s ", "reverse"), f" sort: {ORDERS[order][0]}  ",
        (" p ", "reverse"), " go on" if paused else " pause",
    )  # fmt: skip
    return line.append("  PAUSED", "bold yellow") if paused else line


def _duration(seconds: float | None, bounds: Sequence[float]) -> Text:
    """A quantile; what lies in the first bucket is known no better."""
    if seconds is None:
        return Text("·", "dim")
    if seconds <= bounds[0]:
        return Text(f"<{bounds[0] * 1000:.0f}ms")
    return Text(millis(seconds))


def _number(per_second: float, style: str) -> Text:
    return Text(rate(per_second), style if per_second > 0 else "dim")


def _first(rows: Sequence[_Row], most: int) -> Sequence[_Row]:
    """As many as there is room for, with a line that says how many more there are."""
    return rows if len(rows) <= most else rows[: most - 1]


def _more(table: Table, count: int) -> None:
    if count > table.row_count:
        table.add_row(Text(f"… {count - table.row_count} more", "dim"))


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0), expand=False)
    for place, name in enumerate(names):
        table.add_column(
            name.lstrip(">"), justify="right" if name.startswith(">") else "left", no_wrap=True,
            overflow="ellipsis", min_width=12 if place == 0 else None,
        )  # fmt: skip
    return table
