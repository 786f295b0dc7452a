"""Why a rule refused, in words for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sidecar.model.policy import Facts


def because(kind: str, facts: Facts) -> str:
    """Why a rule of this kind refused, with its numbers; empty when there is no more to say."""
    words = _WORDS.get(kind)
    return words(facts) if words is not None else ""


def _limit(facts: Facts) -> str:
    burst = facts.get("burst")
    at_once = f", {_number(burst)} at once" if burst is not None else ""
    return f"over {facts.get('limit', 'its limit')}{at_once}"


def _bulkhead(facts: Facts) -> str:
    taken, slots = _number(facts.get("in_flight", 0)), _number(facts.get("at_most", 0))
    waiting, line = _number(facts.get("queued", 0)), _number(facts.get("queue_at_most", 0))
    why = facts.get("because", "")
    return f"{why}, {taken} of {slots} slots taken, {waiting} of {line} places in line"


def _access(facts: Facts) -> str:
    key = facts.get("key", "")
    return f"on its deny list by {key}" if facts.get("list") == "deny" else f"on no list by {key}"


def _overload(facts: Facts) -> str:
    shed = facts.get("shed_share", 0.0)
    share = f"sheds {shed:.0%} of {facts.get('priority', '')}" if isinstance(shed, float) else ""
    cpu, delay = facts.get("cpu"), facts.get("queue_delay")
    if isinstance(cpu, float):
        share += f", cpu {cpu:.0%}"
    if isinstance(delay, float):
        share += f", queue delay {delay * 1000:.3g}ms"
    return share


def _breaker(facts: Facts) -> str:
    state = str(facts.get("state", "open")).replace("_", " ")
    by = (facts.get("forced") and "an operator") or facts.get("opened_by", "")
    seconds = facts.get("next_probe_seconds")
    probe = f", next probe in {_number(seconds)}s" if seconds is not None else ""
    return f"it is {state} ({by}){probe}" if by else f"it is {state}{probe}"


def _token(facts: Facts) -> str:
    return str(facts.get("problem", "")).replace("_", " ")


def _number(value: str | float) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


_WORDS: Final[dict[str, Callable[[Facts], str]]] = {
    "rate_limits": _limit,
    "concurrency": _bulkhead,
    "access": _access,
    "overload": _overload,
    "breakers": _breaker,
    "trust": _token,
}
