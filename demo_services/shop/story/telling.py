"""What happened in a run: by the second, by act, and the moments worth a mark."""

from __future__ import annotations

import msgspec

from demo_services.check import Check
from demo_services.load.report import Report, Second


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Something was done or happened, ``at`` seconds after the story began."""

    at: float
    words: str


class Instant(msgspec.Struct, frozen=True, kw_only=True):
    """One second of load, which ended ``at`` seconds after the story began."""

    at: float
    act: str
    second: Second


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One act that was played."""

    name: str
    title: str
    began: float
    ended: float
    checks: tuple[Check, ...]
    #: None for an act that offers no load.
    report: Report | None
    #: The most telling numbers, in a few words.
    gist: str
    #: What is worth showing as it was written: a refusal, an error message.
    quotes: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return all(check.kept for check in self.checks)


class Story(msgspec.Struct, kw_only=True):
    """A whole run, as far as it went."""

    governed: bool
    seed: int
    acts: list[Told]
    instants: list[Instant]
    moments: list[Moment]

    @property
    def kept(self) -> bool:
        """Whether every promise of every act was kept."""
        return all(act.kept for act in self.acts)
