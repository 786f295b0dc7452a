"""Under which key a request's number stands in a table: its values, short and unmistakable.

A value comes from whoever sends the request. Long ones are kept as a digest, so that a table's
size does not depend on what callers send; several are joined so that no two combinations read
the same.
"""

from __future__ import annotations

from hashlib import blake2b

from sidecar.model.http import RequestHead
from sidecar.model.policy import Key, KeyReader

#: The longest value, or values with what joins them, in bytes, that is kept as it is.
_LONGEST_VERBATIM = 63
# One byte longer than anything kept as it is: a digest never reads like a value, so nobody can
# send another's digest to count as them. 512 bits is also the most that BLAKE2b gives.
_DIGEST_BYTES = _LONGEST_VERBATIM + 1
_JOINT = b"\0"


def row_key_of(value: bytes) -> bytes:
    """The row key of a request whose one key has this value."""
    return value if len(value) <= _LONGEST_VERBATIM else _digest(value)


def row_key_reader(keys: tuple[Key, ...]) -> KeyReader:
    """A function that reads the row key for ``keys`` from a request, at most 64 bytes long.

    Without keys, every request has the same.
    """
    reads = tuple(key.read for key in keys)
    if not reads:
        return lambda _: b""
    return _reader_of_one(reads[0]) if len(reads) == 1 else _reader_of_several(reads)


def _reader_of_one(read: KeyReader) -> KeyReader:
    def row_key(request: RequestHead) -> bytes:
        value = read(request)
        return value if len(value) <= _LONGEST_VERBATIM else _digest(value)

    return row_key


def _reader_of_several(reads: tuple[KeyReader, ...]) -> KeyReader:
    first, *others = reads
    joints = len(others)

    def row_key(request: RequestHead) -> bytes:
        joined = first(request)
        for read in others:
            joined += _JOINT + read(request)
        if len(joined) <= _LONGEST_VERBATIM and joined.count(_JOINT) == joints:
            return joined
        # Too long, or a value has a joint in it: then only their lengths tell them apart.
        values = [read(request) for read in reads]
        return _digest(b"".join([b"%d:%b" % (len(value), value) for value in values]))

    return row_key


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=_DIGEST_BYTES).digest()
