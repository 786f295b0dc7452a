"""What rules decide, by outcome and mode, and which lines of which files they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.queries.asking import WINDOW
from dashboards.queries.rules import RULE, refused
from sidecar.telemetry import catalogue as c
from sidecar.telemetry import rule_metrics as r
from sidecar.telemetry.promql import Scope, highest, how_many, now, rate, share, some, total

_ENFORCED: Final = "enforce"
_SHADOW: Final = "shadow"
#: What a rule is: labels of `sidecar_rule_info`.
_ON: Final = ", ".join(RULE)
WHAT: Final = (*RULE, "mode", "mode_by", "source", "owner", "why")


def of_kind(scope: Scope, kind: str) -> Scope:
    """The same, of one kind of rule whatever is chosen."""
    return Scope({**scope.matchers, "kind": kind})


def made(scope: Scope, by: Sequence[str] = RULE, mode: str = _ENFORCED) -> str:
    """Decisions a second, those included that let a request pass."""
    return total(rate(scope(c.DECISIONS, mode=mode), WINDOW), by)


def by_outcome(scope: Scope) -> str:
    """Decisions a second of rules that act, other than that a request may pass."""
    acted = rate(scope(c.DECISIONS, mode=_ENFORCED, outcome="!=admitted"), WINDOW)
    return some(total(acted, ("service", "rule", "outcome")))


def refused_share(scope: Scope, by: Sequence[str] = RULE) -> str:
    """What a rule refuses of the requests that it is asked about, 0 to 1."""
    return share(refused(scope, by), made(scope, by))


def acted_for_each(scope: Scope) -> str:
    """How often a rule does something (a retry, a fallback's answer) for each request there is.

    Such rules are not asked about requests that go well, so that those are not among decisions.
    """
    acted = rate(scope(c.DECISIONS, mode=_ENFORCED, outcome="applied"), WINDOW)
    each = f"on (service) group_left () ({_requests(scope, ('service',))} > 0)"
    return f"{total(acted, ('service', 'rule'))} / {each}"


def would_refuse(scope: Scope, by: Sequence[str] = RULE) -> str:
    """Requests a second that rules in shadow mode would refuse if they acted."""
    return total(rate(scope(c.DECISIONS, mode=_SHADOW, outcome="refused"), WINDOW), by)


def would_act(scope: Scope) -> str:
    """The same by outcome, for those that do something rather than refuse, too."""
    acted = rate(scope(c.DECISIONS, mode=_SHADOW, outcome="!=admitted"), WINDOW)
    return some(total(acted, (*RULE, "outcome")))


def would_refuse_share(scope: Scope, by: Sequence[str] = RULE) -> str:
    """What a rule in shadow mode would refuse of the requests that it is asked about."""
    return share(would_refuse(scope, by), made(scope, by, _SHADOW))


def refused_of_all(scope: Scope) -> str:
    """The share of all requests, from clients and from the service itself, that a rule refuses."""
    return share(refused(scope, ()), _requests(scope))


def would_be_refused_of_all(scope: Scope) -> str:
    """The same if rules in shadow mode acted; one that two of them would refuse counts twice."""
    return share(would_refuse(scope, ()), _requests(scope))


def degraded_of_all(scope: Scope) -> str:
    """The share of all requests that a fallback answered."""
    answered = total(rate(scope(r.FALLBACK_ANSWERS, mode=_ENFORCED, step="!=none"), WINDOW))
    return share(answered, _requests(scope))


def refusing_rules(scope: Scope) -> str:
    """How many rules refuse at all; nothing where none does."""
    return how_many(some(refused(scope)))


def refusing(scope: Scope, number: str = "") -> str:
    """What rules refuse, or another number about them, with what they are as labels.

    Only of those that refuse at all.
    """
    found = f"{number or refused(scope)} and on ({_ON}) {some(refused(scope))}"
    told = highest(now(scope(c.RULE_INFO)), (*RULE, "mode_by", "source", "owner", "why"))
    # The same rule at two instances with different files has two lines: both are shown.
    return f"{told} * on ({_ON}) group_left () ({found})"


def made_in_any_mode(scope: Scope) -> str:
    """Decisions a second, by rules that act and by those that only count."""
    return total(rate(scope(c.DECISIONS), WINDOW), RULE)


def refused_in_any_mode(scope: Scope) -> str:
    """The same of what was refused, or would have been."""
    return total(rate(scope(c.DECISIONS, outcome="refused"), WINDOW), RULE)


def what_they_are(scope: Scope) -> str:
    """1 for each rule in force, with its line, mode, owner and why as labels."""
    return highest(now(scope(c.RULE_INFO)), WHAT)


def not_as_written(scope: Scope) -> str:
    """The same of those that are in another mode than their file says."""
    return highest(now(scope(c.RULE_INFO, mode_by="!=file")), WHAT)


def _requests(scope: Scope, by: Sequence[str] = ()) -> str:
    return total(rate(scope(c.SERVER_DURATION, "_count"), WINDOW), by)
