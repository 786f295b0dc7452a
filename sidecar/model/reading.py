"""How a value of the rule file is refused: what it is not, what was expected, what was meant.

The error's type is the stable code that an admin sees (``sidecar.ruleset.diagnostics``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from pydantic_core import PydanticCustomError

_SHOWN_CHARACTERS = 60
_USER = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_GUESSED_AMONG = 200


def shown(value: object) -> str:
    """``value`` as an admin would recognise it, cut where it is long.

    The user of a URL, who may have a password, is left out.
    """
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif value is None:
        text = "null"
    elif isinstance(value, dict):
        text = "a map"
    elif isinstance(value, list | tuple):
        text = "a list"
    elif isinstance(value, str):
        text = _USER.sub("***", repr(value))
    else:
        text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def unreadable(
    code: str, problem: str, expected: str, meant: str | None = None
) -> PydanticCustomError:
    """The error of a value that cannot be read.

    ``problem`` says what is wrong, ``expected`` what to write instead, ``meant`` is a readable
    value close to the one given.
    """
    hint = f"{expected}; did you mean {meant}?" if meant else expected
    # The problem comes last: braces in what the admin wrote are then no places to fill in.
    return PydanticCustomError(code, "{problem}", {"hint": hint, "problem": problem})


def closest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that ``word`` is most likely a misspelling of; ``likeness`` is up to 1."""
    # Beyond so many, guessing takes longer than anybody wants to wait for it.
    choices = list(islice(known, _GUESSED_AMONG))
    by_lower = {choice.lower().replace("-", "_"): choice for choice in choices}
    plain = word.lower().replace("-", "_")
    if plain in by_lower:
        return by_lower[plain]
    found = get_close_matches(plain, by_lower, n=1, cutoff=likeness)
    return by_lower[found[0]] if found else None
