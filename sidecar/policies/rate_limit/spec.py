"""Rate limits as they are written, and what of it contradicts itself."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from sidecar.algorithms.members import Members
from sidecar.model.members import MembersSpec
from sidecar.model.policy import BuildContext
from sidecar.model.reading import unreadable
from sidecar.model.spec import HeaderUse, KeyUse, RuleSpec, Spec, uses_of
from sidecar.model.values import (
    Count,
    Duration,
    KeyName,
    OneOrMany,
    Percent,
    Rate,
    Text,
)
from sidecar.policies.rate_limit.allowance import (
    BUCKETS,
    BURSTING,
    WINDOWS,
    Algorithm,
    Shape,
    written_rate,
)
from sidecar.policies.rate_limit.cost import CostSource, CostSpec
from sidecar.policies.rate_limit.gate import RateLimit

#: More than one process can serve; beyond it, sums of tokens would lose single requests.
_HIGHEST_PER_SECOND = {"requests": 1e6, "units": 1e8}
#: An exact log keeps a moment for each request.
_MOST_MOMENTS = 100_000
#: Beneath it, a window is shorter than the grain of timers and clocks.
_SHORTEST_WINDOW = 0.001
_DEFAULT_WAIT = 0.5


def _checked_rate(rate: Rate) -> Rate:
    highest = _HIGHEST_PER_SECOND[rate.unit]
    if rate.per_second > highest:
        problem = f"more than {highest:.0f}/s is as good as no limit"
        raise unreadable("bad-rate", problem, "write a lower rate, or leave the rule out")
    return rate


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise unreadable("bad-value", "a key stands twice", "name each key once")
    return names


def _warm_enough(share: float) -> float:
    if share <= 0:
        raise unreadable("bad-percentage", "a limit that begins with nothing never climbs",
                         "write a share such as 33%")  # fmt: skip
    return share


LimitRate = Annotated[Rate, AfterValidator(_checked_rate)]


class WarmUpSpec(Spec):
    """How a limit climbs."""

    seconds: Duration = Field(alias="for")
    """How long it takes from cold to warm when all that is allowed is used, and back when nothing
    is."""
    share: Annotated[Percent, AfterValidator(_warm_enough)] = Field(alias="from")
    """The share of the limit, and of the burst, that is let through when cold."""


class RateLimitSpec(RuleSpec):
    """So many requests in so long, for all together or for each value of `per`."""

    kind: ClassVar[str] = "rate_limits"

    limit: LimitRate
    """How many requests in how long, such as `50/s` or `1/10s`; or units, as `20000 units/m`."""
    per: Annotated[OneOrMany[KeyName], AfterValidator(_distinct)] = ()
    """The declared key, or keys, each of whose values has this limit; all share one if left out."""
    algorithm: Algorithm = Algorithm.TOKEN_BUCKET
    """`token_bucket` lets bursts through, `gcra` spaces evenly unless it has a `burst`;
    `fixed_window`, `sliding_window` and `moving_window` count, more and more exactly; `warm_up`
    climbs while it is used; `pace` lets callers wait for their turn."""
    burst: Count | None = None
    """How many may come at once after a quiet time; if left out, a second's worth of the limit,
    at least 1, and 1 for `gcra`; with units, what the limit says in numbers."""
    warm_up: WarmUpSpec | None = Field(default=None, validate_default=True)
    """For `warm_up`: how long it takes, and from which share of the limit."""
    wait_at_most: Duration | None = None
    """For `pace`: how long a request may wait for its turn, 500ms if left out; what would wait
    longer is refused at once."""
    overrides: dict[Text, LimitRate] = Field(default_factory=dict)
    """Values of the one key of `per` that have a limit of their own."""
    exempt: MembersSpec | None = None
    """Whom this rule does not hold for."""
    cost: CostSpec | None = Field(default=None, validate_default=True)
    """What a request costs, for limits in units."""

    @field_validator("algorithm")
    @classmethod
    def _can_count(cls, algorithm: Algorithm, info: ValidationInfo) -> Algorithm:
        limit = info.data.get("limit")
        if limit is not None and algorithm in WINDOWS:
            _check_window(limit, algorithm)
        return algorithm

    @field_validator("burst")
    @classmethod
    def _has_a_burst(cls, burst: int | None, info: ValidationInfo) -> int | None:
        algorithm = info.data.get("algorithm")
        if burst is not None and algorithm is not None and algorithm not in BURSTING:
            problem = f"{algorithm.value} has no burst"
            hint = "leave it out, or write algorithm: token_bucket"
            raise unreadable("conflict", problem, hint)
        return burst

    @field_validator("warm_up")
    @classmethod
    def _warms_up(cls, warm_up: WarmUpSpec | None, info: ValidationInfo) -> WarmUpSpec | None:
        algorithm = info.data.get("algorithm")
        if algorithm is not None and (warm_up is None) is (algorithm is Algorithm.WARM_UP):
            if warm_up is None:
                problem, hint = (
                    "algorithm: warm_up needs warm_up",
                    "add warm_up: {for: 30s, from: 33%}",
                )
                raise unreadable("incomplete", problem, hint)
            problem = f"{algorithm.value} does not warm up"
            raise unreadable("conflict", problem, "write algorithm: warm_up, or leave it out")
        return warm_up

    @field_validator("wait_at_most")
    @classmethod
    def _paces(cls, wait: float | None, info: ValidationInfo) -> float | None:
        algorithm = info.data.get("algorithm")
        if wait is not None and algorithm not in {None, Algorithm.PACE}:
            problem = "callers wait for pace only"
            raise unreadable("conflict", problem, "write algorithm: pace, or leave it out")
        return wait

    @field_validator("overrides")
    @classmethod
    def _of_one_key(cls, overrides: dict[str, Rate], info: ValidationInfo) -> dict[str, Rate]:
        data = info.data
        if overrides and len(data.get("per", ("",))) != 1:
            problem = "whose values these are is not clear"
            raise unreadable("conflict", problem, "write exactly one key in per")
        for rate in overrides.values():
            if "limit" in data and rate.unit != data["limit"].unit:
                problem = f"{written_rate(rate)} counts other things than limit"
                raise unreadable("conflict", problem, f"write it in {data['limit'].unit} too")
            if data.get("algorithm") in WINDOWS:
                _check_window(rate, data["algorithm"])
        return overrides

    @field_validator("cost")
    @classmethod
    def _counts_units(cls, cost: CostSpec | None, info: ValidationInfo) -> CostSpec | None:
        limit, algorithm = info.data.get("limit"), info.data.get("algorithm")
        if limit is not None and (cost is None) is (limit.unit == "units"):
            if cost is None:
                hint = "add cost: {from: response_header, name: x-cost}"
                raise unreadable("incomplete", "a limit in units needs a cost", hint)
            hint = "write the limit in units, such as 20000 units/m"
            raise unreadable("conflict", "a limit on requests counts each as one", hint)
        if cost is not None and algorithm is not None:
            _check_cost(cost, algorithm)
            if limit is not None and "burst" in info.data:
                _check_default(cost, limit, algorithm, info.data["burst"])
        return cost

    def build(self, context: BuildContext) -> RateLimit:
        """The live gate, with nothing spent."""
        keys = tuple(context.key(name) for name in sorted(self.per))
        gate = RateLimit(self.shape, self.limit, keys, self.overrides)
        gate.wait_at_most = self.wait_at_most or _DEFAULT_WAIT
        if self.exempt is not None:
            gate.exempt = Members(self.exempt, context)
        if self.cost is not None:
            gate.charge(self.cost)
        return gate

    def keys_used(self) -> tuple[KeyUse, ...]:
        """Those of ``match``, of ``per``, and those that name who is exempt."""
        exempt = self.exempt.keys_used("exempt") if self.exempt is not None else ()
        return super().keys_used() + uses_of(self.per, "per") + exempt

    def headers_used(self) -> tuple[HeaderUse, ...]:
        """Those of ``match``, those that name who is exempt, and the one that tells the cost."""
        exempt = self.exempt.headers_used("exempt") if self.exempt is not None else ()
        cost = self.cost.headers_used("cost") if self.cost is not None else ()
        return super().headers_used() + exempt + cost

    def response_fields(self) -> tuple[bytes, ...]:
        """The field that tells the cost."""
        return self.cost.response_fields() if self.cost is not None else ()

    @property
    def shape(self) -> Shape:
        """What all values' limits have in common."""
        climb = self.warm_up
        warming = (climb.seconds, climb.share) if climb is not None else (0.0, 1.0)
        return Shape(self.algorithm, self.burst, warming)

    @property
    def burst_tokens(self) -> float:
        """How many requests may come at once, as written or by default."""
        if self.algorithm in WINDOWS:
            return self.limit.amount
        if self.algorithm is Algorithm.PACE:
            return 1.0
        return self.shape.burst_of(self.limit, self.limit)


def _check_window(rate: Rate, algorithm: Algorithm) -> None:
    word = algorithm.value
    if rate.amount != int(rate.amount):
        problem = f"{word} counts whole requests, not {written_rate(rate)}"
        raise unreadable("bad-rate", problem, "write it over a longer time, such as 5/2s")
    if rate.per_seconds < _SHORTEST_WINDOW:
        problem = f"{written_rate(rate)} is shorter than a window can be"
        raise unreadable("bad-rate", problem, "write it over 1ms at least")
    if algorithm is Algorithm.MOVING_WINDOW and rate.amount > _MOST_MOMENTS:
        problem = f"moving_window would keep {rate.amount:.0f} moments for each value"
        hint = "write algorithm: sliding_window, which keeps two numbers"
        raise unreadable("bad-rate", problem, hint)


def _check_cost(cost: CostSpec, algorithm: Algorithm) -> None:
    if algorithm not in BUCKETS | WINDOWS:
        problem = f"{algorithm.value} counts requests only"
        raise unreadable("conflict", problem, "write algorithm: token_bucket")
    if cost.source is CostSource.RESPONSE_HEADER and algorithm not in BUCKETS:
        problem = f"a {algorithm.value} cannot owe what an answer turns out to cost"
        raise unreadable("conflict", problem, "write algorithm: token_bucket")


def _check_default(cost: CostSpec, limit: Rate, algorithm: Algorithm, burst: int | None) -> None:
    at_once = limit.amount
    if algorithm in BUCKETS:
        at_once = Shape(algorithm, burst).burst_of(limit, limit)
    if cost.default > at_once:
        problem = f"a request that says no cost would never pass: it costs {cost.default}"
        raise unreadable("conflict", problem, f"write a default of at most {int(at_once)}")
