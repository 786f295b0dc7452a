"""Settings of an upstream about which of its addresses are well."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from sidecar.cluster.ejection import EjectSettings
from sidecar.cluster.health import CheckSettings
from sidecar.model.reading import unreadable
from sidecar.model.spec import Spec
from sidecar.model.status_range import StatusRange
from sidecar.model.values import Count, Duration, OneOrMany, Percent, PlainPath, written
from sidecar.ruleset.path_pattern import segments_of


class EjectSpec(Spec):
    """When an address is left alone because requests to it fail."""

    after_consecutive_failures: Count = 5
    """How many requests in a row must fail: 5xx, timeouts, broken or refused connections."""
    seconds: Duration = Field(default="30s", alias="for", validate_default=True)
    """For how long; twice, three times as long when it happens again soon, up to ten times."""
    at_most: Percent = written("50%")
    """The share of the addresses that may be out; at 50%, a single address never is."""

    @model_validator(mode="after")
    def _ejects(self) -> Self:
        if self.at_most == 0:
            problem = "at_most: 0% lets no address be ejected"
            raise unreadable("conflict", problem, "write a share such as 50%, or leave eject out")
        return self

    @property
    def settings(self) -> EjectSettings:
        """As the cluster wants it."""
        return EjectSettings(self.after_consecutive_failures, self.seconds, self.at_most)


class HealthSpec(Spec):
    """What each address is asked now and then to know that it is well."""

    get: PlainPath
    """The path that is asked for."""
    every: Duration = written("5s")
    """How often."""
    timeout: Duration = written("1s")
    """How long an answer may take, the connection included."""
    healthy_after: Count = 2
    """How many answers in a row must be good for an address to get requests again."""
    unhealthy_after: Count = 3
    """How many must be bad, or missing, for an address to get none."""
    expect: OneOrMany[StatusRange] = written("200-299")
    """The statuses of a good answer."""

    @model_validator(mode="after")
    def _ends_before_the_next(self) -> Self:
        if self.timeout > self.every:
            problem = f"a check may take {self.timeout:g}s, but the next one begins after "
            problem += f"{self.every:g}s"
            raise unreadable("conflict", problem, "make timeout shorter, or every longer")
        return self

    @property
    def settings(self) -> CheckSettings:
        """As the cluster wants it."""
        return CheckSettings(
            # Spelled as the wire spells the paths of requests.
            path=b"/" + b"/".join(segments_of(self.get)),
            every=self.every,
            timeout=self.timeout,
            healthy_after=self.healthy_after,
            unhealthy_after=self.unhealthy_after,
            expect=tuple((one.first, one.last) for one in self.expect),
        )
