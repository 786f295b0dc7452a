"""The one look at a running sidecar, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sidecar.admin import answers as a
from sidecar.commands.wording import lasting, mebibytes, millis, on, quantile, share, until_when

_STATES = {"closed": "green", "open": "bold red", "half_open": "yellow"}
#: From so many columns on there is room for what is needed less.
_WIDE = 100
_MODES = {"enforce": "", "shadow": "cyan", "disabled": "dim"}


def status_text(shown: a.Overview, width: int) -> RenderableType:
    """What runs here, what is the matter, and how the rules stand, for so many columns."""
    parts: list[RenderableType] = [_heading(shown.status), *_troubles(shown.status)]
    for table in (
        _rules(shown, wide=width >= _WIDE),
        breakers_table(shown.breakers),
        _upstreams(shown),
    ):
        if table is not None:
            parts += [Text(), table]
    return Group(*parts)


def _heading(status: a.Status) -> Text:
    ready = ("ready", "bold green") if status.ready else (status.reason, "bold yellow")
    host = status.host
    lag = quantile(host.loop_lag.counts, host.loop_lag.bounds, 0.99)
    listens = ", ".join(
        f"{name} {address}" for name, address in status.addresses.items() if name != "control"
    )
    lines = [
        Text.assemble((status.service, "bold"), " is ", ready),
        Text(f"listens on {listens}", overflow="fold"),
        Text(f"obeys {status.path}, version {status.rules_version}"),
        Text(f"since {on(status.in_force_since)}"),
        Text(
            f"pid {host.pid}, up {lasting(host.uptime_seconds)}, {mebibytes(host.memory_bytes)},"
            f" {host.connections} connections, timers {millis(lag)} late at p99",
            "dim",
        ),
    ]
    return Text("\n").join(lines)


def _troubles(status: a.Status) -> Iterator[Text]:
    if status.trouble:
        yield Text(f"! the file as it is now is not in force: {status.trouble}", "bold red")
    for control in status.controls:
        yield control_line(control)
    if status.log_level != "INFO":
        yield Text(f"! logs only {status.log_level} and above", "yellow")
    lost = status.host.lost_records + status.host.lost_lines
    if lost:
        yield Text(f"! {lost} records or lines of telemetry were lost", "yellow")


def control_line(control: a.ControlAnswer) -> Text:
    """Something that is held by hand, in a line."""
    why = f": {control.why}" if control.why else ""
    return Text.assemble(
        ("! ", "bold yellow"),
        (f"{control.what} {control.target} is {control.setting}", "bold yellow"),
        (f" for another {lasting(control.seconds_left)}, by {control.by}{why}", "yellow"),
    )


def _rules(shown: a.Overview, *, wide: bool) -> Table | None:
    if not shown.rules:
        return None
    last = (">parked", "source") if wide else ()
    table = columns("rule", "mode", ">admitted", ">refused", *last)
    table.columns[0].min_width = max(len(rule.kind) + 1 + len(rule.name) for rule in shown.rules)
    for rule in shown.rules:
        counts = next((one for one in rule.counts if one.mode == rule.mode), None)
        numbers = [counts.admitted, counts.refused, counts.parked] if counts else [0, 0, 0]
        shown_numbers = [Text(str(number), "" if number else "dim") for number in numbers]
        row = [Text(f"{rule.kind}/{rule.name}"), mode_text(rule), *shown_numbers[:2]]
        if wide:
            row += [shown_numbers[2], Text(rule.source.rpartition("/")[2], "dim")]
        table.add_row(*row)
    return table


def mode_text(rule: a.RuleAnswer) -> Text:
    """The mode in force, and why it is not the file's or does not hold."""
    if rule.resting:
        until = f" until {until_when(rule.next_edge)}" if rule.next_edge is not None else ""
        return Text(f"resting{until}", "dim")
    if rule.mode != rule.mode_in_file:
        return Text(f"{rule.mode} (file: {rule.mode_in_file})", "bold yellow")
    return Text(rule.mode, _MODES.get(rule.mode, ""))


def breakers_table(breakers: Sequence[a.BreakerAnswer]) -> Table | None:
    """How the breakers are; None when there are none."""
    if not breakers:
        return None
    table = columns("breaker", "state", "next probe", ">errors", ">slow", ">openings")
    for one in breakers:
        table.add_row(
            Text(one.name),
            state_text(one),
            Text(lasting(one.next_probe_seconds) if one.next_probe_seconds else "–", "dim"),
            ratio_text(one.error_ratio),
            ratio_text(one.slow_ratio),
            Text(str(one.openings)),
        )
    return table


def ratio_text(ratio: float | None) -> Text:
    """A share, where it is measured."""
    return Text("–", "dim") if ratio is None else Text(share(ratio))


def state_text(one: a.BreakerAnswer) -> Text:
    """The state of a breaker, and whether somebody holds it there."""
    held = f", held for {lasting(one.forced.seconds_left)}" if one.forced is not None else ""
    mode = "" if one.mode == "enforce" else f" ({one.mode})"
    return Text(f"{one.state.replace('_', ' ')}{mode}{held}", _STATES.get(one.state, ""))


def _upstreams(shown: a.Overview) -> Table | None:
    table = columns("upstream", "endpoint", "state", ">in flight", ">connections", ">failures")
    for upstream in shown.upstreams:
        for one in upstream.endpoints:
            table.add_row(
                Text(upstream.name),
                Text(one.address),
                endpoint_state(one),
                Text(str(one.in_flight)),
                Text(f"{one.connections}/{one.most_connections}"),
                Text(str(one.failures), "" if one.failures else "dim"),
            )
    return table if table.row_count else None


def endpoint_state(one: a.EndpointAnswer) -> Text:
    """Whether requests are sent there."""
    return Text(one.state, "green" if one.state == "healthy" else "bold red")


def columns(*names: str) -> Table:
    """A plain table; a name that begins with ``>`` heads numbers."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in names:
        numbers = name.startswith(">")
        table.add_column(
            name.lstrip(">"), justify="right" if numbers else "left", no_wrap=True,
            overflow="ellipsis", min_width=len(name) - 1 if numbers else None,
        )  # fmt: skip
    return table
