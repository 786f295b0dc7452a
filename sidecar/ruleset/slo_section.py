"""The `slo` section of a rule file: how good requests are to be, and how many of them."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import PlainValidator, WithJsonSchema, model_validator

from sidecar.model.quantities import parse_duration, parse_percent
from sidecar.model.reading import shown, unreadable
from sidecar.model.spec import MatchSpec, Spec
from sidecar.model.values import Duration, Flag, Name

_HOUR: Final = 3600.0
_SHORTEST, _LONGEST = _HOUR, 90 * 24 * _HOUR
_WINDOW_WRITTEN: Final = "write a length of time from 1h to 90d, such as 30d"
_LOWEST, _HIGHEST = 201, 599


def _bound(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and _LOWEST <= value <= _HIGHEST:
        return value
    problem = f"{shown(value)} is no status that good answers can be below"
    raise unreadable("bad-status", problem, "write a number from 201 to 599, most often 500")


def _target(value: object) -> float:
    share = parse_percent(value)
    if 0 < share < 1:
        return share
    problem = f"{shown(value)} is no target: it leaves nothing to reach, or nothing to lose"
    raise unreadable("bad-percentage", problem, "write a share between 0% and 100%, such as 99.9%")


def _window(value: object) -> float:
    seconds = parse_duration(value)
    if _SHORTEST <= seconds <= _LONGEST:
        return seconds
    raise unreadable("bad-duration", f"{shown(value)} is not between 1h and 90d", _WINDOW_WRITTEN)


#: What the status of a good answer is below.
StatusBound = Annotated[
    int,
    PlainValidator(_bound),
    WithJsonSchema({"type": "integer", "minimum": _LOWEST, "maximum": _HIGHEST}),
]
#: A share from 0.0 to 1.0, both left out.
Target = Annotated[
    float,
    PlainValidator(_target),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9]+(?:\.[0-9]+)? ?%$",
            "examples": ["99.9%"],
            "description": "A share between 0% and 100%, both left out.",
        }
    ),
]
#: Seconds.
Window = Annotated[
    float,
    PlainValidator(_window),
    WithJsonSchema(
        {
            "type": "string",
            "examples": ["30d"],
            "description": "A length of time from 1h to 90d.",
        }
    ),
]


class GoodSpec(Spec):
    """What makes a request a good one; all that is said here must hold."""

    status_below: StatusBound | None = None
    """The status of its answer is below this one; `500` in most cases."""
    not_shed: Flag = False
    """Requests that a limit, `overload`, a bulkhead or a breaker turned away are bad ones, too.
    When left out they are none of this objective. They are counted apart in any case."""
    faster_than: Duration | None = None
    """It took less than this, from its complete head to the last byte of its answer."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.status_below is None and not self.not_shed and self.faster_than is None:
            problem = "good says nothing: every request would be a good one"
            hint = "add status_below: 500, not_shed: true or faster_than: 500ms"
            raise unreadable("incomplete", problem, hint)
        return self


class SloSpec(Spec):
    """An objective: the share of requests that are to be good."""

    name: Name
    """Unique among the objectives; its counts follow this name over reloads."""
    match: MatchSpec = MatchSpec()
    """Which requests that come in; all but health probes when left out."""
    good: GoodSpec
    """What makes one of them a good one."""
    target: Target
    """The share of them that is to be good."""
    over: Window
    """The time over which the share is taken."""
