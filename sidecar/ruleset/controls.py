"""What operators have changed by hand, each for a while: modes of rules, switches, breakers.

The rules in force ask here; nothing in here reads a clock or outlives its time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase

from sidecar.model.policy import Mode, Rule
from sidecar.state.switch import Switch


class What(Enum):
    """The things that are changed by hand."""

    #: The mode of every rule that a glob over ``kind/name`` fits.
    OVERRIDE = "override"
    #: A switch of the rule file, which is on meanwhile.
    SWITCH = "switch"
    #: A breaker, which is held open or closed meanwhile.
    BREAKER = "breaker"


@dataclass(frozen=True, slots=True)
class Control:
    """One thing that is as somebody wants it to be, until its time is over."""

    what: What
    #: A glob over ``kind/name``, or the name of a switch or of a breaker.
    target: str
    #: A mode, ``on``, or the state of a breaker: ``open`` or ``closed``.
    setting: str
    #: When it ends; monotonic seconds.
    until: float
    #: Who wanted it, and the reason given.
    by: str = ""
    why: str = ""

    def fits(self, label: str) -> bool:
        """Whether it is about the rule ``kind/name``."""
        return fits(self.target, label)


def fits(pattern: str, label: str) -> bool:
    """Whether a glob is about the rule ``kind/name``; ``*`` alone is about all of them."""
    return fnmatchcase(label, pattern)


class Controls:
    """Everything that is in other hands than the rule file's; the same object over reloads."""

    def __init__(self) -> None:
        #: In the order in which they were set.
        self._active: dict[tuple[What, str], Control] = {}
        self._switches: dict[str, Switch] = {}

    def active(self, what: What | None = None) -> list[Control]:
        """What holds, in the order in which it was set: of two that fit a rule the last wins."""
        every = self._active.values()
        return [one for one in every if what is None or one.what is what]

    def put(self, control: Control) -> None:
        """Let it hold; it takes the place of another for the same target."""
        self._active.pop((control.what, control.target), None)
        self._active[control.what, control.target] = control
        if control.what is What.SWITCH:
            self.switch(control.target).turn(on=True, until=control.until)

    def lift(self, what: What, target: str) -> Control | None:
        """Let it hold no more; None when it did not."""
        control = self._active.pop((what, target), None)
        if control is not None and what is What.SWITCH:
            self.switch(target).turn(on=False)
        return control

    def advance(self, now: float) -> list[Control]:
        """Lift what is over; returns it."""
        over = [one for one in self._active.values() if now >= one.until]
        for control in over:
            self.lift(control.what, control.target)
        return over

    def switch(self, name: str) -> Switch:
        """The switch of this name, the same object each time."""
        return self._switches.setdefault(name, Switch(name))

    def on_rule(self, label: str) -> Control | None:
        """The override that decides the mode of ``kind/name``; None when the file does."""
        found = None
        for control in self._active.values():
            if control.what is What.OVERRIDE and control.fits(label):
                found = control
        return found

    def in_force(self, rule: Rule) -> Rule:
        """``rule`` in the mode that operators want it to have."""
        control = self.on_rule(rule.label)
        mode = rule.mode if control is None else Mode(control.setting)
        return rule if mode is rule.mode else replace(rule, mode=mode)


def counted(controls: Iterable[Control]) -> dict[str, int]:
    """How many there are of each sort; every sort is there."""
    counts = dict.fromkeys((what.value for what in What), 0)
    for control in controls:
        counts[control.what.value] += 1
    return counts
