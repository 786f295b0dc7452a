"""Who is shed first: the levels of priority, lowest first."""

from __future__ import annotations

from typing import Final

LOW: Final = 0
MEDIUM: Final = 1
HIGH: Final = 2
CRITICAL: Final = 3

#: Level by the word that stands for it in rule files and header fields.
LEVELS: Final[dict[str, int]] = {"low": LOW, "medium": MEDIUM, "high": HIGH, "critical": CRITICAL}
#: The word of each level.
WORDS: Final[tuple[str, ...]] = tuple(LEVELS)
