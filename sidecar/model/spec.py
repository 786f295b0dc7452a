"""What every rule in a rule file has: a name, what it governs, whether it acts, and why.

A spec is the YAML's form, checked and immutable; ``RuleSpec.build`` makes the live gate of it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field

from sidecar.model.moments import Every, Moment
from sidecar.model.policy import BuildContext, Mode, Rule, Stage
from sidecar.model.values import (
    Cidr,
    Duration,
    Glob,
    HeaderName,
    LabelName,
    MethodName,
    Name,
    OneOrMany,
    PathPattern,
    PriorityWord,
    Text,
)
from sidecar.model.window import ALWAYS, Window


class Spec(BaseModel):
    """A map of the rule file: no field but those declared, nothing changes after reading.

    The docstring below a field is its description in the JSON Schema.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A place in a rule that names a declared key."""

    name: str
    #: Where in the rule: field names and list indices.
    at: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class HeaderUse:
    """A place in a rule that names a header field of requests."""

    name: str
    #: Where in the rule: field names and list indices.
    at: tuple[str | int, ...]
    #: Only `trust.callers` are believed about it: it is removed from anyone else's requests, but
    #: for fields that ordinary clients send, and those that a key believes `anyone` about.
    of_callers: bool = False


class MatchSpec(Spec):
    """Which requests; several values of a field mean *or*, several fields mean *and*.

    Besides the fields below, any declared key may stand here by its name.
    """

    model_config = ConfigDict(extra="allow")

    # The values of declared keys; which names are keys is checked against `keys`.
    __pydantic_extra__: dict[str, OneOrMany[Glob]] = Field(init=False)

    route: OneOrMany[Name] = ()
    """Names of routes; `other` is what no route matches."""
    path: OneOrMany[PathPattern] = ()
    """Paths; `*` stands inside a segment, a final `**` for all that follows."""
    method: OneOrMany[MethodName] = ()
    """Request methods."""
    header: dict[HeaderName, OneOrMany[Glob]] = {}
    """Header fields and what their value must look like; a missing field matches nothing."""
    query: dict[Text, OneOrMany[Glob]] = {}
    """Query parameters and what their first value must look like."""
    client_ip: OneOrMany[Cidr] = ()
    """Addresses and networks of the client."""
    priority: OneOrMany[PriorityWord] = ()
    """Priorities, as `priorities` gives them."""

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The declared keys named here, and the globs that their values must match."""
        return self.__pydantic_extra__ or {}

    @property
    def is_everything(self) -> bool:
        """Whether there is no condition at all."""
        return not self.model_fields_set and not self.keys


class ActiveSpec(Spec):
    """When a rule holds; at other times it keeps its state and nothing is decided by it."""

    start: Moment | None = Field(default=None, alias="from")
    """When it begins to hold; from the start of the sidecar when left out."""
    to: Moment | None = None
    """When it ends; instead of `for`."""
    length: Duration | None = Field(default=None, alias="for")
    """How long it holds from `from` on; instead of `to`."""
    every: Every | None = None
    """Open the same window again each `day` or `week`, at the time and zone of `from`. A zone is
    a fixed distance from UTC: it knows no summer time."""

    @property
    def window(self) -> Window:
        """The same as numbers. The fields agree with one another, which was checked before."""
        start = self.start.timestamp() if self.start is not None else -inf
        end = self.to.timestamp() if self.to is not None else inf
        if self.length is not None:
            end = start + self.length
        return Window(start, end, self.every.seconds if self.every is not None else 0.0)


class Policy(Protocol):
    """The live form of any rule; most are gates (``sidecar.model.policy.Gate``)."""

    @property
    def stage(self) -> Stage:
        """Its place in the chain, or around the attempts."""
        ...

    def adopt(self, predecessor: Self, now: float) -> None:
        """Take over the state of what had this kind and name before a reload."""
        ...


class RuleSpec(Spec):
    """One named rule. A kind of rule is a subclass with ``kind`` and ``build``."""

    #: The section of the rule file that lists rules of this kind.
    kind: ClassVar[str]
    #: Whether it governs a request if any plausible reading of its path matches, as must be for
    #: what somebody would want to get around; otherwise the path as it is forwarded decides.
    any_reading: ClassVar[bool] = False

    name: Name
    """Unique among the rules of its kind; its state follows this name over reloads."""
    match: MatchSpec = MatchSpec()
    """Which requests it governs; all of them when left out."""
    upstream: OneOrMany[Name] = ()
    """Governs what goes to these upstreams, instead of all that arrives."""
    mode: Mode = Mode.ENFORCE
    """`enforce` acts; `shadow` decides and counts with a state of its own, and never acts;
    `disabled` is as if the rule were not there."""
    active: ActiveSpec | None = None
    """When it holds, by the wall clock; always when left out."""
    labels: dict[LabelName, Text] = {}
    """Go into metrics and logs beside the rule's name."""
    why: Text = ""
    """A sentence for whoever wonders about a refusal; it is never shown to clients."""

    @property
    def window(self) -> Window:
        """When it holds."""
        return ALWAYS if self.active is None else self.active.window

    @abstractmethod
    def build(self, context: BuildContext) -> Policy:
        """Make the live form, most often a gate. Pure; every reference was checked before."""

    def keys_used(self) -> tuple[KeyUse, ...]:
        """Every place that names a declared key; kinds that have more of them add theirs."""
        return tuple(KeyUse(name, ("match", name)) for name in self.match.keys)

    def headers_used(self) -> tuple[HeaderUse, ...]:
        """Every place that names a header field; kinds that have more of them add theirs."""
        return tuple(HeaderUse(name, ("match", "header", name)) for name in self.match.header)

    def response_fields(self) -> tuple[bytes, ...]:
        """Lower-case names of the fields of the upstream's answers that the rule looks at."""
        return ()

    def rule(self, source: str) -> Rule:
        """Which line of which file (``file:line``) the gate comes from, and in which mode."""
        labels = tuple(sorted(self.labels.items()))
        return Rule(self.kind, self.name, self.mode, source, self.why, labels)


def uses_of(names: str | Iterable[str], field: str) -> tuple[KeyUse, ...]:
    """The key uses of a field that holds one name or several (``OneOrMany[KeyName]``)."""
    if isinstance(names, str):
        return (KeyUse(names, (field,)),)
    return tuple(KeyUse(name, (field, index)) for index, name in enumerate(names))
