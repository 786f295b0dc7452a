"""What an act is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Protocol

from demo_services.check import Check
from demo_services.load.report import Report
from demo_services.shop.story.stage import Stage


class Act(Protocol):
    """One act; a new object for each time it is played."""

    #: What ``--act`` calls it.
    name: ClassVar[str]
    #: One line of the story.
    title: ClassVar[str]
    #: Whether it means anything without sidecars.
    bare: ClassVar[bool] = False

    #: Whether what it quotes is worth reading at the terminal too.
    aloud: ClassVar[bool] = False

    report: Report | None = None
    quotes: tuple[str, ...] = ()

    @abstractmethod
    def play(self, stage: Stage) -> None:
        """Do it. Raises OSError, NotReady when something does not answer at all."""

    @abstractmethod
    def checks(self, stage: Stage) -> Iterator[Check]:
        """What was promised; asked once, after it was played with sidecars."""

    def gist(self) -> str:
        """The most telling numbers, in a few words."""
        return ""

    def played(self) -> Report:
        """The report of the load. Raises ValueError before it was offered."""
        if self.report is None:
            raise ValueError(f"the act {self.name} was not played")
        return self.report
