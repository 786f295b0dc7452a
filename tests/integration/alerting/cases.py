"""A fault for every kind of alert, and what is like it and nobody is to hear of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tests.integration.alerting.scenarios import Told


class Quiet(NamedTuple):
    """A fault that nobody is to hear of, and why."""

    why: str
    told: Sequence[Told]
    #: Seconds of the rule file; longer than any window where left out.
    lasts: float | None = None


class Case(NamedTuple):
    """One kind of alert."""

    #: The entry, without its name.
    entry: str
    #: ``gauge``, ``growth`` or ``share``: see ``scenarios``.
    shape: str
    told: Sequence[Told]
    #: What is read, with ``{value}`` where the profile changes it.
    summary: str
    #: What it is about, and the words by which its line is found.
    about: str
    line: str
    quiet: Sequence[Quiet]
    #: Seconds of the rule file.
    over: float = 0.0
    hold: float = 300.0
    keep: float = 0.0
    above: float = 0.0
    share: float = 1.0
    labels: tuple[tuple[str, str], ...] = ()
    why: str = ""
    severity: str = "ticket"


def rule(metric: str, name: str, more: str = "", mode: str = "enforce") -> str:
    """A series of a rule."""
    kind, _, own = name.partition("/")
    return f'{metric}{{kind="{kind}",rule="{own}",mode="{mode}"{more}}}'


def decisions(
    name: str, outcome: str, well: float, faulty: float, mode: str = "enforce", times: float = 1.0
) -> Told:
    """What a rule decides in a second."""
    series = rule("sidecar_decisions_total", name, f',outcome="{outcome}"', mode)
    return Told(series, well * times, faulty * times, grows=True)


def grows(series: str, well: float, faulty: float) -> Told:
    """A counter, by what it grows in a second."""
    return Told(series, well, faulty, grows=True)


def half(name: str, mode: str = "enforce", times: float = 1.0) -> list[Told]:
    """A rule that refuses half of ten requests a second while the fault lasts."""
    return [
        decisions(name, "admitted", 10, 5, mode, times),
        decisions(name, "refused", 0, 5, mode, times),
    ]


#: One request in a minute: too few for any share.
_RARE: Final = 1 / 600
_STATE: Final = "sidecar_breaker_state"
_INVENTORY: Final = "breakers/inventory"
_COUNT: Final = "http_server_request_duration_seconds_count"
_OTHER: Final = 'job="sidecars",instance="10.1.0.9:9464",service="other"'


def elsewhere(told: Sequence[Told]) -> Quiet:
    """The same at another service."""
    return Quiet("another service", [one._replace(scraped=_OTHER) for one in told])


def opened(mode: str = "enforce", name: str = _INVENTORY) -> list[Told]:
    """A breaker that opens."""
    return [
        Told(rule(_STATE, name, ',state="open"', mode), 0, 1),
        Told(rule(_STATE, name, ',state="half_open"', mode), 0, 0),
        Told(rule(_STATE, name, ',state="closed"', mode), 1, 0),
        Told(rule("sidecar_breaker_forced", name, "", mode), 0, 0),
    ]


def refusing(entry: str, name: str, line: str, words: str, **more: Any) -> Case:
    """A kind about what a rule refuses: half of it."""
    mode = "shadow" if "shadow" in entry else "enforce"
    other = "enforce" if mode == "shadow" else "shadow"
    few = [decisions(name, "admitted", 10, 9.95, mode), decisions(name, "refused", 0, 0.05, mode)]
    made = Case(
        entry, "share", half(name, mode), f"{name} of shop {words} 50% of what it governs",
        name, line,
        (
            Quiet("just below", few),
            Quiet("too few requests", half(name, mode, _RARE)),
            Quiet("the other mode", half(name, other)),
            elsewhere(half(name, mode)),
        ),
        share=0.5, above=0.1, over=300.0, keep=60.0, labels=(("rule", name),),
    )  # fmt: skip
    return made._replace(**more)


def failing(times: float = 1.0, error: str = "connect_failure", bad: float = 5) -> list[Told]:
    """Requests that come in, half of which fail."""
    return [
        grows(f'{_COUNT}{{listener="inbound",http_route="pay",error_type=""}}',
              10 * times, (10 - bad) * times),
        grows(f'{_COUNT}{{listener="inbound",http_route="pay",error_type="{error}"}}',
              0, bad * times),
    ]  # fmt: skip


def gauge(metric: str, well: float, faulty: float, more: str = "") -> list[Told]:
    """One series that goes up and down."""
    return [Told(f"{metric}{{{more}}}", well, faulty)]


def level(
    entry: str, series: Sequence[Told], below: Sequence[Told], summary: str, **more: Any
) -> Case:
    """A kind about the service that a gauge shows."""
    made = Case(entry, "gauge", series, summary, "services/shop", "name: a,",
                (Quiet("just below", below), elsewhere(series)))  # fmt: skip
    return made._replace(**more)


def counted(entry: str, series: str, summary: str, **more: Any) -> Case:
    """A kind about something that must not be counted at all: one each second."""
    told = [grows(series, 0, 1)]
    made = Case(entry, "growth", told, summary, "services/shop", "name: a,",
                (Quiet("nothing", [grows(series, 0, 0)]), elsewhere(told)), over=300.0)  # fmt: skip
    return made._replace(**more)


def connects(failed: float, times: float = 1.0) -> list[Told]:
    """Connections to an upstream, of which so large a share fail."""
    of = 'upstream="app",server_address="127.0.0.1",server_port="9000"'
    return [
        grows(f"sidecar_upstream_connects_total{{{of}}}", 4 * times, 4 * (1 - failed) * times),
        grows(f'sidecar_upstream_connect_failures_total{{{of},reason="connect_failure"}}',
              0, 4 * failed * times),
    ]  # fmt: skip


def lookups(success: float) -> list[Told]:
    """Lookups of a name, of which so many succeed."""
    metric = "sidecar_upstream_lookups_total"
    return [
        grows(f'{metric}{{upstream="coupon",result="success"}}', 1, success),
        grows(f'{metric}{{upstream="coupon",result="failure"}}', 0, 1 - success),
    ]


def endpoints(*up: float) -> list[Told]:
    """Endpoints of an upstream, each as it is during the fault."""
    return [
        Told(
            f'sidecar_upstream_up{{upstream="inventory",server_address="10.0.0.{number}"}}',
            1,
            is_up,
        )
        for number, is_up in enumerate(up)
    ]


_ANSWERS: Final = "sidecar_fallback_answers_total"
_SKIPPED: Final = "sidecar_retries_skipped_total"
_PAID: Final = "fallbacks/paid"


def degraded(share: float, times: float = 1.0, mode: str = "enforce") -> list[Told]:
    """A fallback that answers so large a share of the requests of its route."""
    return [
        grows(f'{_COUNT}{{listener="inbound",http_route="pay"}}', 10 * times, 10 * times),
        grows(f'{_COUNT}{{listener="inbound",http_route="other"}}', 90 * times, 90 * times),
        grows(rule(_ANSWERS, _PAID, ',step="1 static"', mode), 0, 10 * share * times),
        grows(rule(_ANSWERS, _PAID, ',step="none"', mode), 0, 0),
    ]


def retries(share: float, times: float = 1.0, reason: str = "budget_exhausted") -> list[Told]:
    """Retries, of which so large a share is left out."""
    return [
        grows(rule("sidecar_retry_results_total", "retries/reads", ',result="success"'),
              10 * times, 10 * (1 - share) * times),
        grows(rule(_SKIPPED, "retries/reads", f',reason="{reason}"'), 0, 10 * share * times),
    ]  # fmt: skip


def throttled(share: float) -> list[Told]:
    """A container that has to wait in so large a share of the periods."""
    metric = "sidecar_container_cpu"
    return [
        grows(f"{metric}_periods_total{{}}", 10, 10),
        grows(f"{metric}_throttled_periods_total{{}}", 0, 10 * share),
    ]


def late(within: str) -> list[Told]:
    """A loop whose timers are no later than this bound during the fault."""
    bounds = ["0.001", "0.025", "0.05", "0.1", "+Inf"]
    metric = "sidecar_loop_lag_seconds_bucket"
    return [
        grows(f'{metric}{{le="{bound}"}}', 10, 10 if float(bound) >= float(within) else 0)
        for bound in bounds
    ]


CASES: Final = {
    "error_share": Case(
        "kind: error_share, above: 5%", "share", failing(),
        "50% of the requests to shop fail", "services/shop", "name: a,",
        (
            Quiet("just below", failing(bad=0.49)),
            Quiet("too few requests", failing(_RARE)),
            Quiet("no errors", failing(error="")),
            elsewhere(failing()),
            Quiet("not long enough", failing(), lasts=15),
        ),
        over=300, hold=120, keep=60, above=0.05, share=0.5, severity="page",
    ),
    "breaker_open": Case(
        "kind: breaker_open, for: 30s", "gauge", opened(),
        "breaker inventory of shop is open at 1 of its instances",
        _INVENTORY, "name: inventory,",
        (
            Quiet("in shadow mode", opened("shadow")),
            Quiet("another breaker", opened(name="breakers/coupon")),
            Quiet("not long enough", opened(), lasts=4),
            Quiet("held by hand", [
                *opened()[:3], Told(rule("sidecar_breaker_forced", _INVENTORY), 0, 1)
            ]),
            elsewhere(opened()),
        ),
        hold=30, keep=60, labels=(("rule", _INVENTORY),), why="no stock no sale", severity="page",
    ),
    "breaker_probing": Case(
        "kind: breaker_open, breaker: inventory", "gauge",
        [Told(rule(_STATE, _INVENTORY, ',state="half_open"'), 0, 1),
         Told(rule(_STATE, _INVENTORY, ',state="open"'), 0, 0)],
        "breaker inventory of shop is open at 1 of its instances",
        _INVENTORY, "name: inventory,", (),
        hold=10, keep=60, labels=(("rule", _INVENTORY),), why="no stock no sale", severity="page",
    ),
    "shed_share": refusing(
        "kind: shed_share, rule: overload/host", "overload/host", "name: host", "turns away",
        over=60.0, hold=60.0, severity="page",
    ),
    "refused_share": refusing(
        "kind: refused_share", "rate_limits/everyone", "name: everyone", "refuses",
        why="more than it can",
    ),
    "shadow_share": refusing(
        "kind: shadow_share, rule: access/partners, over: 10m", "access/partners",
        "name: partners", "would refuse", above=0.01, over=600.0, keep=600.0,
    ),
    "degraded_share": Case(
        "kind: degraded_share, fallback: paid", "share", degraded(0.5),
        "fallback paid of shop answers 50% of the requests", _PAID, "name: paid",
        (
            Quiet("just below", degraded(0.049)),
            Quiet("too few requests", degraded(0.5, _RARE)),
            Quiet("in shadow mode", degraded(0.5, mode="shadow")),
            elsewhere(degraded(0.5)),
        ),
        over=300, keep=60, above=0.05, share=0.5, labels=(("rule", _PAID),),
    ),
    "fallback_failing": counted(
        "kind: fallback_failing, fallback: paid", rule(_ANSWERS, _PAID, ',step="none"'),
        "fallback paid of shop has had no answer {value} times",
        about=_PAID, line="name: paid", over=600.0, hold=60.0, keep=300.0,
        labels=(("rule", _PAID),),
    ),
    "fallback_trial_failing": counted(
        "kind: fallback_failing, fallback: paid",
        rule("sidecar_fallback_trials_total", _PAID, ',result="failure"'),
        "fallback paid of shop has had no answer {value} times",
        about=_PAID, line="name: paid", over=600.0, hold=60.0, keep=300.0,
        labels=(("rule", _PAID),),
    ),
    "retries_skipped": Case(
        "kind: retries_skipped", "share", retries(0.5),
        "retries/reads of shop leaves out 50% of its retries", "retries/reads", "name: reads",
        (
            Quiet("just below", retries(0.19)),
            Quiet("too few retries", retries(0.5, _RARE)),
            Quiet("no time for them", retries(0.5, reason="deadline_too_near")),
            elsewhere(retries(0.5)),
        ),
        over=300, keep=60, above=0.2, share=0.5, labels=(("rule", "retries/reads"),),
    ),
    "keys_forgotten": counted(
        "kind: keys_forgotten", rule("sidecar_rate_limit_evictions_total", "rate_limits/each"),
        "rate_limits/each of shop has forgotten {value} values that still mattered",
        about="rate_limits/each", line="name: each", over=600.0, keep=300.0,
        labels=(("rule", "rate_limits/each"), ("team", "abuse")),
    ),
    "rules_refused": level(
        "kind: rules_refused", gauge("sidecar_rules_last_reload_successful", 1, 0),
        gauge("sidecar_rules_last_reload_successful", 1, 1),
        "1 sidecars of shop obey older rules than their files", hold=60.0,
    ),
    "rule_files_refused": level(
        "kind: rules_refused", gauge("sidecar_rules_files_refused", 0, 2),
        gauge("sidecar_rules_files_refused", 0, 0),
        "1 sidecars of shop obey older rules than their files", hold=60.0,
    ),
    "control_active": level(
        "kind: control_active", gauge("sidecar_controls_active", 0, 2, 'control="override"'),
        gauge("sidecar_controls_active", 0, 0, 'control="override"'),
        "somebody holds 2 of shop by hand: override", hold=3600.0,
        labels=(("control", "override"),),
    ),
    "endpoints_down": Case(
        "kind: endpoints_down", "gauge", endpoints(1, 0),
        "50% of the endpoints of upstream inventory of shop get no requests",
        "upstreams/inventory", "upstreams:",
        (
            Quiet("all are up", endpoints(1, 1)),
            Quiet("not long enough", endpoints(0, 0), lasts=4),
            elsewhere(endpoints(0, 0)),
        ),
        hold=120, keep=60, labels=(("upstream", "inventory"),),
    ),
    "connects_failing": Case(
        "kind: connects_failing, upstream: app", "share", connects(0.5),
        "50% of the connections to upstream app of shop do not come about",
        "upstreams/app", "upstreams:",
        (
            Quiet("just below", connects(0.099)),
            Quiet("too few", connects(0.5, _RARE)),
            elsewhere(connects(0.5)),
        ),
        over=300, keep=60, above=0.1, share=0.5, labels=(("upstream", "app"),),
    ),
    "pool_overflows": counted(
        "kind: pool_overflows, upstream: app",
        'sidecar_upstream_pool_overflows_total{upstream="app",server_address="127.0.0.1"}',
        "{value} requests found all connections to upstream app of shop taken",
        about="upstreams/app", line="upstreams:", hold=60.0, keep=60.0,
        labels=(("upstream", "app"),),
    ),
    "sidecar_absent": Case(
        "kind: sidecar_absent", "gauge", [Told("sidecar_build_info{}", 1, None)],
        "no sidecar of shop tells anything", "services/shop", "name: a,",
        (
            Quiet("one is left", [
                Told("sidecar_build_info{}", 1, None),
                Told("sidecar_build_info{}", 1, 1,
                     scraped='job="sidecars",instance="10.1.0.2:9464",service="shop"'),
            ]),
            Quiet("not long enough", [Told("sidecar_build_info{}", 1, None)], lasts=4),
        ),
        hold=120, severity="page",
    ),
    "internal_errors": counted(
        "kind: internal_errors",
        f'{_COUNT}{{listener="inbound",http_route="pay",error_type="internal_error"}}',
        "a bug of the sidecar has failed {value} requests of shop",
        over=600.0, hold=60.0, keep=300.0,
    ),
    "saturation": level(
        "kind: saturation", gauge("sidecar_saturation_ratio", 0.4, 0.95),
        gauge("sidecar_saturation_ratio", 0.4, 0.9),
        "a sidecar of shop has used 95% of what bounds it", hold=600.0, keep=120.0,
    ),
    "cpu_throttled": Case(
        "kind: cpu_throttled", "share", throttled(0.5),
        "a container of shop has used up its CPU in 50% of the periods", "services/shop",
        "name: a,", (Quiet("just below", throttled(0.24)), elsewhere(throttled(0.5))),
        over=300, hold=600, keep=120, above=0.25, share=0.5,
    ),
    "memory_near_limit": level(
        "kind: memory_near_limit",
        [Told("sidecar_container_memory_working_set_bytes{}", 1e8, 9.5e8),
         Told("sidecar_container_memory_limit_bytes{}", 1e9, 1e9)],
        [Told("sidecar_container_memory_working_set_bytes{}", 1e8, 9e8),
         Told("sidecar_container_memory_limit_bytes{}", 1e9, 1e9)],
        "a container of shop has used 95% of its memory", keep=120.0,
    ),
    "out_of_memory": counted(
        "kind: out_of_memory", 'sidecar_container_memory_events_total{event="oom_kill"}',
        "memory of a container of shop was used up: {value} processes killed",
        over=900.0, hold=15.0,
    ),
    "descriptors_near_limit": level(
        "kind: descriptors_near_limit",
        [Told("process_open_fds{}", 100, 900), Told("process_max_fds{}", 1000, 1000)],
        [Told("process_open_fds{}", 100, 800), Told("process_max_fds{}", 1000, 1000)],
        "a sidecar of shop has used 90% of its open files", keep=120.0,
    ),
    "telemetry_dropped": counted(
        "kind: telemetry_dropped",
        'sidecar_telemetry_dropped_total{exporter="otlp",signal="traces",reason="queue_full"}',
        "shop has lost {value} pieces of telemetry: queue_full", keep=300.0,
        labels=(("exporter", "otlp"), ("reason", "queue_full")), line="telemetry:",
    ),
    "telemetry_behind": level(
        "kind: telemetry_behind",
        gauge("sidecar_telemetry_queue_age_seconds", 0, 60, 'exporter="files"'),
        gauge("sidecar_telemetry_queue_age_seconds", 0, 4, 'exporter="files"'),
        "telemetry of shop waits for files", keep=60.0, line="telemetry:",
        labels=(("exporter", "files"),),
    ),
    "telemetry_spooled": level(
        "kind: telemetry_behind",
        gauge("sidecar_telemetry_spool_documents", 0, 7, 'exporter="elasticsearch"'),
        gauge("sidecar_telemetry_spool_documents", 0, 0, 'exporter="elasticsearch"'),
        "telemetry of shop waits for elasticsearch", keep=60.0, line="telemetry:",
        labels=(("exporter", "elasticsearch"),),
    ),
    "exporter_down": level(
        "kind: exporter_down",
        gauge("sidecar_telemetry_exporter_up", 1, 0, 'exporter="files"'),
        gauge("sidecar_telemetry_exporter_up", 1, 1, 'exporter="files"'),
        "files takes nothing from 1 instances of shop", keep=60.0, line="telemetry:",
        labels=(("exporter", "files"),),
    ),
}  # fmt: skip
