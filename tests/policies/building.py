"""What a rule is built with in a test of its own: keys, lists, files and luck as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from sidecar.algorithms.network_list import NetworkList
from sidecar.model.policy import Key, Mode, Notice, Rule
from sidecar.ruleset.attachments import Attachments
from sidecar.ruleset.controls import Controls
from sidecar.ruleset.routes import DecisionCount
from sidecar.ruleset.surroundings import Context, Surroundings
from sidecar.state.list_file import ListFile
from sidecar.state.load import Load


@dataclass
class World:
    """Everything around a rule, for the test to look at and to change."""

    notices: list[Notice] = field(default_factory=list)
    controls: Controls = field(default_factory=Controls)
    lists: dict[str, ListFile] = field(default_factory=dict)
    digests: dict[str, ListFile] = field(default_factory=dict)
    networks: dict[str, NetworkList] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    chance: Callable[[], float] = lambda: 0.0
    load: Load = field(default_factory=Load)

    def context(
        self,
        *keys: Key,
        kind: str = "rules",
        name: str = "a-rule",
        mode: Mode = Mode.ENFORCE,
    ) -> Context:
        """What a rule of this kind and name is built with."""
        around = Surroundings(
            PurePosixPath("/etc/shop"),
            _count_nothing,
            self.controls,
            Attachments(self.texts, self.lists, self.digests, self.networks),
            self.notices.append,
            self.chance,
            load=self.load,
        )
        rule = Rule(kind, name, mode, "test:1")
        return Context(rule, {key.name: key for key in keys}, around)


def _count_nothing(rule: Rule) -> DecisionCount:
    raise NotImplementedError(f"a rule alone, such as {rule.label}, counts nothing")


def header_key(name: str, *, default: bytes = b"", track_at_most: int = 100) -> Key:
    """A key that reads the header field ``x-NAME``."""
    wanted = f"x-{name}".encode()
    return Key(name, lambda request: request.fields.get(wanted, default), track_at_most)


def with_keys(names: Mapping[str, int] | Iterable[str], **options: Any) -> Context:
    """A context with header keys of these names, each with how many values it tracks."""
    tracked = names if isinstance(names, Mapping) else dict.fromkeys(names, 100)
    keys = [header_key(name, track_at_most=most, **options) for name, most in tracked.items()]
    return World().context(*keys)
