"""A promise of a demo, and whether it was kept."""

from __future__ import annotations

from typing import NamedTuple


class Check(NamedTuple):
    """One promise as a sentence, and the numbers behind it."""

    promise: str
    kept: bool
    measured: str
