"""Texts with places to fill in, such as ``{path}``; nothing is ever evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import final

#: A lower-case word, and a name behind a dot. Braces around anything else are text, as in JSON.
_PLACE = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_-]+)?)\}")


@final
class Template:
    """A text with places; what is filled in is not looked at again."""

    __slots__ = ("_parts", "names")

    def __init__(self, text: str) -> None:
        #: Text, then a name, then text, and so on.
        self._parts = _PLACE.split(text)
        self.names = frozenset(self._parts[1::2])

    def fill(self, value_of: Callable[[str], str]) -> str:
        """The text with the value of each name in its places."""
        values = {name: value_of(name) for name in self.names}
        return "".join(
            values[part] if place % 2 else part for place, part in enumerate(self._parts)
        )
