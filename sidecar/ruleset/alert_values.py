"""Values of the `alerts` section: burn rates with their windows, shares, and names of rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.model.quantities import parse_duration, parse_percent
from sidecar.model.reading import shown, unreadable

_BURN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?x over ([0-9a-z.]+) ?/ ?([0-9a-z.]+)")
_BURN_WRITTEN: Final = "write FACTORx over LONG/SHORT, such as 14.4x over 1h/5m"
_FASTEST: Final = 100_000.0
_DAY: Final = 86_400.0
_SHORTEST_LOOK, _LONGEST_LOOK = 5.0, 30 * _DAY
#: The largest bound of the buckets that the loop's lag is counted in.
_LATEST_MEASURED: Final = 1.0
_RULE: Final = re.compile(r"[a-z_]{1,40}/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class AlertSeverity(Enum):
    """Who is to look at it, and when."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Burn:
    """A budget that is used up so many times too fast, over a long window and a short one."""

    factor: float
    long_seconds: float
    short_seconds: float


def parse_burn(value: object) -> Burn:
    """``14.4x over 1h/5m`` → ``Burn(14.4, 3600.0, 300.0)``. Raises ``bad-burn-rate``."""
    if isinstance(value, Burn):
        return value
    text = value if isinstance(value, str) else ""
    match = _BURN.fullmatch(text)
    if match is None:
        raise unreadable("bad-burn-rate", f"{shown(value)} is not a burn rate", _BURN_WRITTEN)
    try:
        long, short = (parse_duration(window) for window in match.groups()[1:])
    except PydanticCustomError:
        problem = f"{shown(value)} has a window that is not a duration"
        raise unreadable("bad-burn-rate", problem, _BURN_WRITTEN) from None
    if not 0 < float(match[1]) <= _FASTEST:
        problem = f"{shown(value)}: {match[1]} times is not between nothing and 100000"
        raise unreadable("bad-burn-rate", problem, _BURN_WRITTEN)
    if short >= long:
        problem = f"{shown(value)}: the second window is to be the shorter one"
        meant = f"{match[1]}x over {match[3]}/{match[2]}" if short > long else None
        raise unreadable("bad-burn-rate", problem, _BURN_WRITTEN, meant)
    return Burn(float(match[1]), long, short)


def _share(value: object) -> float:
    share = parse_percent(value)
    if share < 1:
        return share
    problem = f"nothing is above {shown(value)}"
    raise unreadable("bad-percentage", problem, "write a share below 100%, such as 10%")


def _look(value: object) -> float:
    seconds = parse_duration(value)
    if _SHORTEST_LOOK <= seconds <= _LONGEST_LOOK:
        return seconds
    problem = f"{shown(value)} is not between 5s and 30d"
    raise unreadable("bad-duration", problem, "write a length of time from 5s to 30d, such as 5m")


def _lateness(value: object) -> float:
    seconds = parse_duration(value)
    if seconds < _LATEST_MEASURED:
        return seconds
    problem = f"nothing is ever measured to be later than {shown(value)}"
    raise unreadable("bad-duration", problem, "write less than 1s, such as 50ms")


def _rule_name(value: object) -> str:
    if isinstance(value, str) and _RULE.fullmatch(value):
        return value
    problem = f"{shown(value)} does not name a rule"
    raise unreadable("bad-name", problem, "write KIND/NAME, such as rate_limits/each-client")


def lasting(text: str) -> Any:
    """The field `for` with a default, in the form that an admin would write."""
    return Field(default=text, validate_default=True, alias="for")


#: How fast a budget is used up, and the windows that it is looked at over.
BurnRate = Annotated[
    Burn,
    PlainValidator(parse_burn),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9]+(\.[0-9]+)? ?x over [0-9a-z.]+ ?/ ?[0-9a-z.]+$",
            "examples": ["14.4x over 1h/5m"],
            "description": "How many times too fast, over a long window and a short one.",
        }
    ),
]
#: A share from 0.0 to below 1.0.
ShareAbove = Annotated[
    float,
    PlainValidator(_share),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9]+(?:\.[0-9]+)? ?%$",
            "examples": ["10%"],
            "description": "A share from 0% to below 100%.",
        }
    ),
]
#: Seconds.
LookBack = Annotated[
    float,
    PlainValidator(_look),
    WithJsonSchema(
        {"type": "string", "examples": ["5m"], "description": "A length of time from 5s to 30d."}
    ),
]
#: Seconds.
Lateness = Annotated[
    float,
    PlainValidator(_lateness),
    WithJsonSchema(
        {"type": "string", "examples": ["50ms"], "description": "A length of time below 1s."}
    ),
]
#: ``rate_limits/each-client``.
RuleName = Annotated[
    str,
    PlainValidator(_rule_name),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_RULE.pattern}$",
            "examples": ["rate_limits/each-client"],
            "description": "A rule, as KIND/NAME.",
        }
    ),
]
