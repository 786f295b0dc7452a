"""What compiled rules are given from outside their file; the same objects over reloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from sidecar.model.addresses import Address
from sidecar.model.policy import Key, Listed, ListedAddresses, Notice, Rule, Switchable
from sidecar.ruleset.attachments import NOTHING_ATTACHED, Attachments
from sidecar.ruleset.controls import Controls
from sidecar.ruleset.routes import DecisionCount, ObjectiveCount
from sidecar.state.load import Load

if TYPE_CHECKING:
    from sidecar.ruleset.schema import RuleFile

#: Finds the counter of a rule.
CountOf = Callable[[Rule], DecisionCount]


def _nobody_listens(notice: Notice) -> None:
    """Where rules are compiled without being run."""


def _zero() -> float:
    return 0.0


class _NobodyCounts:
    """An objective where rules are compiled without being run."""

    __slots__ = ("bad", "good", "shed")

    def __init__(self, _name: str) -> None:
        self.good = self.bad = self.shed = 0


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The sidecar has started the service itself."""

    #: The port that was chosen for it, where its address leaves that open.
    port: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is outside a rule file. Compiling uses it and changes nothing of it."""

    #: What paths in the file are relative to.
    base: PurePath
    count_of: CountOf
    controls: Controls = field(default_factory=Controls)
    files: Attachments = NOTHING_ATTACHED
    #: Hears what rules have to tell while they deal with a request.
    notify: Callable[[Notice], None] = _nobody_listens
    #: A random number from 0 up to, and without, 1.
    chance: Callable[[], float] = _zero
    #: The wall clock, seconds since 1970: it settles which rules with a window hold.
    wall: Callable[[], float] = _zero
    #: How loaded this host and this process are.
    load: Load = field(default_factory=Load)
    wrapped: Wrapped | None = None
    #: Finds the counter of an objective (`slo`) by its name.
    count_of_objective: Callable[[str], ObjectiveCount] = _NobodyCounts
    #: Hears what is to be told besides, such as that an endpoint is ejected.
    notify_beside: Callable[[Notice], None] = _nobody_listens

    def settled(self, address: Address) -> Address:
        """``address`` with the port that was chosen where it leaves that open."""
        if address.port or address.path or self.wrapped is None:
            return address
        return replace(address, port=self.wrapped.port)

    def local_ports(self, file: RuleFile) -> list[str]:
        """The upstreams that have a port of their own on this machine."""
        everyone = self.wrapped is not None
        to = file.listeners.inbound.to
        return [
            name
            for name, spec in file.upstreams.items()
            if spec.local is not None or (everyone and name != to)
        ]


@dataclass(frozen=True, slots=True)
class Context:
    """What one rule is built with: a policy's ``BuildContext``."""

    rule: Rule
    keys: Mapping[str, Key]
    surroundings: Surroundings

    @property
    def load(self) -> Load:
        """How loaded this host and this process are."""
        return self.surroundings.load

    def key(self, name: str) -> Key:
        """The key declared under this name."""
        return self.keys[name]

    def switch(self, name: str) -> Switchable:
        """The switch declared under this name."""
        return self.surroundings.controls.switch(name)

    def listed(self, path: str) -> Listed:
        """The list file that the rule file names so."""
        return self.surroundings.files.lists[path]

    def listed_digests(self, path: str) -> Listed:
        """The same for a list of hashed values."""
        return self.surroundings.files.digests[path]

    def listed_networks(self, path: str) -> ListedAddresses:
        """The same for a list of networks."""
        return self.surroundings.files.networks[path]

    def text_of(self, path: str) -> bytes:
        """What stands in a file that the rule file names so."""
        return self.surroundings.files.texts[path]

    def chance(self) -> float:
        """A random number from 0 up to, and without, 1."""
        return self.surroundings.chance()

    def notify(self, notice: Notice) -> None:
        """Tell operators something."""
        self.surroundings.notify(notice)
