"""Puts two readings of a message into one form."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fuzz.llhttp import Field, Reading


def tabs_as_blanks(data: bytes, head_size: int) -> bytes:
    """``data`` with the head's tabs as blanks, which in a head that was accepted is the same.

    llhttp does not know ``chunked`` with a tab beside it, though HTTP does (RFC 9110, 5.6.3).
    """
    return data[:head_size].replace(b"\t", b" ") + data[head_size:]


def fields_of(lines: Iterable[bytes]) -> list[Field]:
    """Names in lower case with their values, white space as llhttp's readings have it."""
    parted = [line.partition(b":") for line in lines]
    return [(name.lower(), value.replace(b"\t", b" ").strip()) for name, _, value in parted]


def options_of(reading: Reading) -> set[bytes]:
    """What ``Connection`` names."""
    listed = [value.lower() for name, value in reading.fields if name == b"connection"]
    return {word.strip() for value in listed for word in value.split(b",")}


def is_part(some: list[Field], all_of_them: list[Field]) -> bool:
    """Whether ``some`` are among the others, in their order."""
    remaining = iter(all_of_them)
    return all(any(one == other for other in remaining) for one in some)


def normal(pair: Field) -> Field:
    """The field as the sidecar writes it, which spells framing in one way only."""
    name, value = pair
    if name == b"content-length":
        return name, b"%d" % int(value)
    return name, value.lower() if name == b"transfer-encoding" else value
