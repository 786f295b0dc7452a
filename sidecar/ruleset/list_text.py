"""Reads a list file: one entry a line, ``#`` comments, and ``until: TIME`` where it ends.

Made for a hundred thousand lines in a thread beside a loop: no step holds the interpreter for
longer than a few thousand lines take. Whatever the bytes are, nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from pydantic_core import PydanticCustomError

from sidecar.algorithms.networks import DatedNetworks, ranges
from sidecar.model.addresses import parse_cidr
from sidecar.model.files import Form
from sidecar.model.reading import shown
from sidecar.state.list_file import FOREVER

#: Entries larger than this are rather a line that was never ended.
ENTRY_BYTES_AT_MOST: Final = 4096
#: A file with more mistakes than these is probably no list at all.
PROBLEMS_AT_MOST: Final = 5

_BLOCK_BYTES: Final = 1 << 16
_BOM: Final = b"\xef\xbb\xbf"
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_COMMENT: Final = re.compile(rb"(?:^|[ \t])#")
_UNTIL: Final = re.compile(rb"(?:^|[ \t]+)until:[ \t]*(.*)")
#: A day behind a word is an end of validity that was not written as one.
_MEANT_UNTIL: Final = re.compile(rb"[ \t]([A-Za-z]+:?)?[ \t]*[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: What is special in a line, or may be wrong with it.
_NOT_PLAIN: Final = re.compile(
    rb"[\x00-\x08\x0b-\x1f\x7f-\xff#*]|until:|[0-9]{4}-[0-9]{2}-[0-9]{2}"
)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_DIGEST: Final = re.compile(rb"[0-9A-Fa-f]{64}")
_MOMENT_WRITTEN: Final = "write a time with its zone, such as 2026-12-01T00:00:00Z"


class ListProblem(NamedTuple):
    """What is wrong with a line; ``line`` and ``column`` count from 1, in characters."""

    line: int
    column: int
    message: str
    hint: str


@dataclass(slots=True)
class ListText:
    """What a list file says: for each entry, until when it holds in seconds since 1970."""

    values: dict[bytes, float] = field(default_factory=dict)
    #: First number and the one past the last of each network, and until when it holds.
    networks: list[tuple[int, int, float]] = field(default_factory=list)
    problems: list[ListProblem] = field(default_factory=list)

    def dated_networks(self) -> DatedNetworks:
        """The networks, ready to be asked."""
        return DatedNetworks(self.networks)


class _Unreadable(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, at: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.at = at
        self.hint = hint


def parse_list(text: bytes, form: Form) -> ListText:
    """Read a list of values, networks or digests; the first few mistakes are told.

    An entry that stands twice holds for as long as the longer-lived of the two.
    """
    found = ListText()
    found.problems = [*islice(_told(text.removeprefix(_BOM), form, found), PROBLEMS_AT_MOST)]
    return found


_Add = Callable[[ListText, bytes, float], None]


def _told(text: bytes, form: Form, found: ListText) -> Iterator[ListProblem]:
    add = _ADDING[form]
    number = 1
    for block in _blocks(text):
        lines = block.split(b"\n")
        short = max(map(len, lines)) <= ENTRY_BYTES_AT_MOST
        if form is Form.VALUES and short and not _NOT_PLAIN.search(block):
            found.values.update(dict.fromkeys(_plain(lines), FOREVER))
        else:
            for offset, line in enumerate(lines):
                yield from _mistakes(number + offset, line, add, found)
        number += len(lines)


def _blocks(text: bytes) -> Iterator[bytes]:
    """The text in pieces of whole lines, without the line end between two pieces."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + _BLOCK_BYTES)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _plain(lines: list[bytes]) -> list[bytes]:
    """Entries of lines in which nothing is special, which most lines of a long list are."""
    return [entry for line in lines if (entry := line.strip(b" \t"))]


def _mistakes(number: int, line: bytes, add: _Add, found: ListText) -> Iterator[ListProblem]:
    try:
        entry, until = _entry(line)
        if entry:
            add(found, entry, until)
    except _Unreadable as problem:
        column = len(line[: problem.at].decode("utf-8", "replace")) + 1
        yield ListProblem(number, column, str(problem), problem.hint)


def _entry(line: bytes) -> tuple[bytes, float]:
    """The entry of a line, empty when there is none, and until when it holds."""
    if not line.isascii() or _CONTROL.search(line):
        line = _checked(line)
    if b"#" in line:
        comment = _COMMENT.search(line)
        line = line[: comment.start()] if comment else line
    until = FOREVER
    if b"until:" in line:
        found = _UNTIL.search(line)
        if found is not None:
            until = _moment(found)
            line = line[: found.start()]
    entry = line.strip(b" \t")
    if len(entry) > ENTRY_BYTES_AT_MOST:
        message = f"an entry of {len(entry)} bytes; at most {ENTRY_BYTES_AT_MOST} are read"
        raise _Unreadable(0, message, "write one entry a line")
    if not entry and until != FOREVER:
        raise _Unreadable(0, "an end without an entry", "write the entry before until:")
    return entry, until


def _checked(line: bytes) -> bytes:
    line = line.removesuffix(b"\r")
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte 0x{line[error.start]:02x} is not UTF-8"
        raise _Unreadable(error.start, message, "save the file as UTF-8") from None
    control = _CONTROL.search(line)
    if control is not None:
        message = f"control character 0x{control[0][0]:02x}"
        raise _Unreadable(control.start(), message, "remove it")
    return line


def _moment(found: re.Match[bytes]) -> float:
    """Seconds since 1970 of the time that an entry ends at."""
    text = found[1].strip(b" \t").decode("utf-8", "replace")
    at = found.start(1)
    if not found.start():
        raise _Unreadable(0, "an end without an entry", "write the entry before until:")
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        pass
    lacks_zone = _MOMENT.fullmatch(text + "Z") is not None
    problem = "lacks its time zone" if lacks_zone else "is not a time"
    raise _Unreadable(at, f"{shown(text)} {problem}", _MOMENT_WRITTEN)


def _refuse_stray_end(entry: bytes) -> None:
    if b"-" in entry and (stray := _MEANT_UNTIL.search(entry)):
        hint = "write until: before the time at which the entry ends"
        raise _Unreadable(stray.start() + 1, "a time that no until: stands before", hint)


def _add_value(found: ListText, entry: bytes, until: float) -> None:
    if b"*" in entry:
        # Read as it is, it would match nothing and nobody would notice.
        raise _Unreadable(
            entry.index(b"*"),
            "a star; entries of a file are taken as they are",
            "write globs in the rule file, beside {file: …}",
        )
    _refuse_stray_end(entry)
    values = found.values
    values[entry] = max(until, values.get(entry, until))


def _add_digest(found: ListText, entry: bytes, until: float) -> None:
    if not _DIGEST.fullmatch(entry):
        # What stands here may be the key itself: it is never shown.
        raise _Unreadable(
            0,
            "no SHA-256 in 64 hexadecimal digits",
            "hash the value itself, as in: printf %s VALUE | sha256sum | cut -c1-64",
        )
    values, digest = found.values, bytes.fromhex(entry.decode("ascii"))
    values[digest] = max(until, values.get(digest, until))


def _add_network(found: ListText, entry: bytes, until: float) -> None:
    try:
        network = parse_cidr(entry.decode("utf-8"))
    except PydanticCustomError as error:
        context = error.context or {}
        message, hint = str(context.get("problem", "")), str(context.get("hint", ""))
        raise _Unreadable(0, message, hint) from None
    found.networks += ((first, end, until) for first, end in ranges(network))


_ADDING: Final[dict[Form, _Add]] = {
    Form.VALUES: _add_value,
    Form.SHA256: _add_digest,
    Form.NETWORKS: _add_network,
}
