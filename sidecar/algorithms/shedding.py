"""How much to shed, and of whom: a level that is moved a little with each window of load.

The level is one number, the *depth*. Its whole part says how many classes are shed whole, in the
order in which they are to be shed; its fraction is the share that is shed of the next one. So
shedding is smooth where a class is large, and never touches a class before those below it are
gone.

*Strain* is what was measured over what is allowed. Above 1 the depth grows, so that some 5 % of
what was admitted is shed besides, more the further strain is above 1; below 1 it shrinks by some
2 %, less the closer strain is to 1, and faster after a while of quiet. Growing faster than
shrinking is what keeps a load that stays too high from swinging (DAGOR, SoCC 2018, 4.2.3).
"""

from __future__ import annotations

from typing import Final

#: What one window changes, as a share of the admitted.
_GROW: Final = 0.05
_SHRINK: Final = 0.02
#: How strain above 1 scales the first: by 10 % over, once; at most so often.
_STRAIN_FOR_ONCE: Final = 0.1
_GROW_AT_LEAST: Final = 0.2
_GROW_AT_MOST: Final = 2.0
#: Strain that has fallen so far in a window falls by itself: a queue is being worked off.
_RELIEF: Final = 0.9
#: Below this strain, shrinking is at its full rate.
_EASY: Final = 0.8
_SHRINK_AT_LEAST: Final = 0.1
#: After so many easy windows in a row, each one makes shrinking faster, up to so much.
_PATIENCE: Final = 2
_IMPATIENCE: Final = 1.0
_SHRINK_AT_MOST: Final = 12.0
#: How far the depth moves at once, where a class is small or nobody of it is seen, and at least.
_GROW_STEP: Final = 0.25
_SHRINK_STEP: Final = 0.10
_SHRINK_STEP_AT_MOST: Final = 0.25
_SMALLEST_STEP: Final = 0.005
#: How much of what is known of a class is the last window's.
_NEWS: Final = 0.5
#: How far it shrinks when nobody comes at all.
_IDLE_STEP: Final = 0.05


class Shedding:
    """The depth of shedding over a number of classes."""

    __slots__ = ("_easy_windows", "_expected", "_strain", "classes", "depth")

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.depth = 0.0
        #: How many of each class came in a window, as far as known.
        self._expected = [0.0] * classes
        self._easy_windows = 0
        self._strain = 0.0

    def share(self, number: int) -> float:
        """The share of class ``number`` that is shed, from 0 to 1."""
        return min(max(self.depth - number, 0.0), 1.0)

    def window(self, strain: float, admitted: list[int], total: int) -> None:
        """Take a step: ``admitted`` of each class, ``total`` with those that are never shed."""
        self._learn(admitted)
        before, self._strain = self._strain, strain
        if strain > 1.0:
            self._easy_windows = 0
            if total and strain >= before * _RELIEF:
                self._grow(strain, total)
            return
        self._easy_windows = self._easy_windows + 1 if strain < _EASY else 0
        if self.depth > 0.0:
            self._shrink(strain, total)

    def _learn(self, admitted: list[int]) -> None:
        for number, count in enumerate(admitted):
            kept = 1.0 - self.share(number)
            # Of a class that is shed whole nobody is seen: what was known of it stays.
            if kept > 0.0:
                known = self._expected[number]
                self._expected[number] = known + _NEWS * (count / kept - known)

    def _grow(self, strain: float, total: int) -> None:
        number = int(self.depth)
        if number >= self.classes:
            return
        scale = max(_GROW_AT_LEAST, min((strain - 1.0) / _STRAIN_FOR_ONCE, _GROW_AT_MOST))
        step = self._as_share(_GROW * scale * total, number, _GROW_STEP)
        # Not past the end of the class: the next one may be far larger.
        self.depth = min(self.depth + step, number + 1.0)

    def _shrink(self, strain: float, total: int) -> None:
        number = int(self.depth)
        if number == self.depth:
            number -= 1
        if not total:
            self.depth = max(self.depth - _IDLE_STEP, 0.0)
            return
        scale = max(_SHRINK_AT_LEAST, min((1.0 - strain) / (1.0 - _EASY), 1.0))
        haste = 1.0 + max(self._easy_windows - _PATIENCE, 0) * _IMPATIENCE
        requests = _SHRINK * min(scale * haste, _SHRINK_AT_MOST) * total
        at_most = min(_SHRINK_STEP * haste, _SHRINK_STEP_AT_MOST)
        step = self._as_share(requests, number, at_most)
        self.depth = max(self.depth - step, float(number))

    def _as_share(self, requests: float, number: int, at_most: float) -> float:
        """What share of a class so many requests are."""
        expected = self._expected[number]
        if expected <= 0.0:
            return at_most
        return min(max(requests / expected, _SMALLEST_STEP), at_most)
