"""Variables in questions: ``$name``, ``${name}``, ``${name:format}``, ``[[name]]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_REFERENCE: Final = re.compile(r"\$(\w+)|\$\{(\w+)(?:\.[^:}]+)?(?::([^}]+))?\}|\[\[(\w+)\]\]")
#: What Grafana escapes in a value that becomes part of a regular expression.
_SPECIAL: Final = re.compile(r"[\\^$.*+?()\[\]{}|]")
_OF_LUCENE: Final = re.compile(r'[+\-=&|><!(){}\[\]^"~*?:\\/]')


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen of a variable."""

    values: tuple[str, ...]
    #: Stands for all of them as it is, whatever the format; empty where nothing does.
    stands_for_all: str = ""
    #: Whether several can be chosen, so that Prometheus gets it as a regular expression.
    is_multiple: bool = False


Format = Callable[[Chosen], str]


def interpolated(text: str, chosen: Mapping[str, Chosen], form: Format) -> str:
    """``text`` with what is chosen in the place of variables; ``form`` is the source's own.

    What is no variable stays as it is, as in Grafana.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[4]
        if name not in chosen:
            return found[0]
        one = chosen[name]
        if one.stands_for_all:
            return one.stands_for_all
        return (_FORMATS[found[3]] if found[3] else form)(one)

    return _REFERENCE.sub(value, text)


def for_prometheus(chosen: Chosen) -> str:
    """A regular expression in a string of Prometheus's language, or the value as it is."""
    if not chosen.is_multiple:
        return chosen.values[0].replace("\\", "\\\\").replace('"', '\\"')
    return _alternatives([_escaped(one).replace("\\", "\\\\") for one in chosen.values])


def for_elasticsearch(chosen: Chosen) -> str:
    """Alternatives in Lucene's language."""
    if not chosen.is_multiple:
        return chosen.values[0]
    quoted = [f'"{_OF_LUCENE.sub(_with_backslash, one)}"' for one in chosen.values]
    return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"


def as_it_is(chosen: Chosen) -> str:
    """The values, several in braces."""
    return chosen.values[0] if len(chosen.values) == 1 else f"{{{','.join(chosen.values)}}}"


def _regex(chosen: Chosen) -> str:
    return _alternatives([_escaped(one) for one in chosen.values])


def _pipe(chosen: Chosen) -> str:
    return "|".join(chosen.values)


def _csv(chosen: Chosen) -> str:
    return ",".join(chosen.values)


def _alternatives(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"({'|'.join(values)})"


def _escaped(value: str) -> str:
    return _SPECIAL.sub(_with_backslash, value)


def _with_backslash(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


_FORMATS: Final[Mapping[str, Format]] = {
    "regex": _regex,
    "pipe": _pipe,
    "csv": _csv,
    "raw": _csv,
    "lucene": for_elasticsearch,
}
