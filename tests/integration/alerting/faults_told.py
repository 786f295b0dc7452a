"""What a case of an alert is made of: series, and what is like a fault and nobody is to hear of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tests.integration.alerting.scenarios import Told


class Quiet(NamedTuple):
    """A fault that nobody is to hear of, and why."""

    why: str
    told: Sequence[Told]
    #: It ends at the very scrape at which it would have lasted long enough.
    short: bool = False


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
RARE: Final = 1 / 600
STATE: Final = "sidecar_breaker_state"
INVENTORY: Final = "breakers/inventory"
COUNT: Final = "http_server_request_duration_seconds_count"
OTHER: Final = 'job="sidecars",instance="10.1.0.9:9464",service="other"'


def elsewhere(told: Sequence[Told]) -> Quiet:
    """The same at another service."""
    return Quiet("another service", [one._replace(scraped=OTHER) for one in told])


def opened(mode: str = "enforce", name: str = INVENTORY) -> list[Told]:
    """A breaker that opens."""
    return [
        Told(rule(STATE, name, ',state="open"', mode), 0, 1),
        Told(rule(STATE, name, ',state="half_open"', mode), 0, 0),
        Told(rule(STATE, name, ',state="closed"', mode), 1, 0),
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
            Quiet("too few requests", half(name, mode, RARE)),
            Quiet("the other mode", half(name, other)),
            elsewhere(half(name, mode)),
        ),
        share=0.5, above=0.1, over=300.0, keep=60.0, labels=(("rule", name),),
    )  # fmt: skip
    return made._replace(**more)


def failing(times: float = 1.0, error: str = "connect_failure", bad: float = 5) -> list[Told]:
    """Requests that come in, half of which fail."""
    return [
        grows(f'{COUNT}{{listener="inbound",http_route="pay",error_type=""}}',
              10 * times, (10 - bad) * times),
        grows(f'{COUNT}{{listener="inbound",http_route="pay",error_type="{error}"}}',
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


ANSWERS: Final = "sidecar_fallback_answers_total"
SKIPPED: Final = "sidecar_retries_skipped_total"
PAID: Final = "fallbacks/paid"


def degraded(share: float, times: float = 1.0, mode: str = "enforce") -> list[Told]:
    """A fallback that answers so large a share of the requests of its route."""
    return [
        grows(f'{COUNT}{{listener="inbound",http_route="pay"}}', 10 * times, 10 * times),
        grows(f'{COUNT}{{listener="inbound",http_route="other"}}', 90 * times, 90 * times),
        grows(rule(ANSWERS, PAID, ',step="1 static"', mode), 0, 10 * share * times),
        grows(rule(ANSWERS, PAID, ',step="none"', mode), 0, 0),
    ]


def retries(share: float, times: float = 1.0, reason: str = "budget_exhausted") -> list[Told]:
    """Retries, of which so large a share is left out."""
    return [
        grows(rule("sidecar_retry_results_total", "retries/reads", ',result="success"'),
              10 * times, 10 * (1 - share) * times),
        grows(rule(SKIPPED, "retries/reads", f',reason="{reason}"'), 0, 10 * share * times),
    ]  # fmt: skip


def throttled(share: float) -> list[Told]:
    """A container that has to wait in so large a share of the periods."""
    metric = "sidecar_container_cpu"
    return [
        grows(f"{metric}_periods_total{{}}", 10, 10),
        grows(f"{metric}_throttled_periods_total{{}}", 0, 10 * share),
    ]
