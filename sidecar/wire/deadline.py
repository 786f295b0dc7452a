"""How long a caller waits, as a field says it: what is left, or the moment itself.

What is left (``850ms``, ``1.5s``) means the same on every host; a moment (milliseconds since 1970)
can be passed on as it is, and is for programs on one host, whose clocks agree.
"""

from __future__ import annotations

import re

#: Milliseconds since 1970 have twelve digits since 1973; what is left has a unit.
_MOMENT = re.compile(rb"[0-9]{12,15}")
_LEFT = re.compile(rb"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|s)")


def read_deadline(value: bytes, now: float, wall_offset: float) -> float | None:
    """The moment in monotonic seconds; None for what is neither.

    ``wall_offset`` is what has to be added to monotonic seconds to get seconds since 1970.
    """
    left = _LEFT.fullmatch(value)
    if left is not None:
        return now + float(left[1]) * (0.001 if left[2] == b"ms" else 1.0)
    if _MOMENT.fullmatch(value):
        return int(value) / 1000 - wall_offset
    return None


def what_is_left(until: float, now: float) -> bytes:
    """``until``, monotonic seconds, as what is left; whole milliseconds, never more."""
    return b"%dms" % max(0, int((until - now) * 1000))


def moment_of(until: float, wall_offset: float) -> bytes:
    """``until``, monotonic seconds, as the moment itself."""
    return b"%d" % int((until + wall_offset) * 1000)
