"""Path patterns compiled to one quick test, and the plausible readings of a path.

``*`` stands for any characters inside one segment, at least one when it is the whole segment. A
final ``/**`` stands for nothing or for everything beneath: ``/admin/**`` is ``/admin``,
``/admin/`` and all below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, unquote_to_bytes

from sidecar.algorithms.globs import Globs
from sidecar.wire.path import read_path

PathTest = Callable[[bytes], bool]

STAR = b"*"
ANY_REST = b"**"
#: A percent sign that begins no escape, or that of NUL, which no path has.
_NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})|%(?=00)")
_PARAMETERS = re.compile(rb";[^/]*")
#: What a pattern may hold unescaped; `quote` leaves letters, digits and ``_.-~`` alone by itself.
_PLAIN = "/!$&'()*+,;=:@%"


def segments_of(pattern: str) -> tuple[bytes, ...]:
    """The segments of a pattern, spelled as ``wire.path`` spells those of a path."""
    spelled = quote(pattern, safe=_PLAIN).encode("ascii")
    return tuple(read_path(spelled, keep_escaped_slash=True).split(b"/")[1:])


def is_literal(segments: tuple[bytes, ...]) -> bool:
    """Whether only one path matches."""
    return all(STAR not in segment for segment in segments)


def path_test(patterns: Iterable[str]) -> PathTest:
    """A test whether a path, as ``wire.path`` reads it, matches any of the patterns."""
    compiled = [segments_of(pattern) for pattern in patterns]
    literals = frozenset(b"/" + b"/".join(one) for one in compiled if is_literal(one))
    tests = tuple(segments_test(one) for one in compiled if not is_literal(one))
    if not tests:
        return literals.__contains__
    if not literals and len(tests) == 1:
        return tests[0]

    def test(path: bytes) -> bool:
        if path in literals:
            return True
        # A loop, not any(): a generator would cost more than the tests.
        for one in tests:  # noqa: SIM110
            if one(path):
                return True
        return False

    return test


def segments_test(pattern: tuple[bytes, ...]) -> PathTest:
    """A test for one pattern that has a star."""
    fixed, open_ended = (pattern[:-1], True) if pattern[-1] == ANY_REST else (pattern, False)
    if open_ended and is_literal(fixed):
        return _beneath(b"".join(b"/" + segment for segment in fixed))
    tests = tuple(segment_test(segment) for segment in fixed)
    count = len(tests)

    def test(path: bytes) -> bool:
        segments = path.split(b"/", count + 1)
        found = len(segments) - 1
        if found < count or (found > count and not open_ended):
            return False
        # The first is what stands before the leading slash: nothing.
        return all(one(segments[position]) for position, one in enumerate(tests, 1))

    return test


def readings(path: bytes) -> tuple[bytes, ...]:
    """Every way in which a service might read ``path``, the path itself first.

    With empty segments merged, with escapes decoded once more, without what follows a semicolon
    in a segment (which servers of Java take for parameters), and all of these together. A path
    that has none of that has one reading.
    """
    if not has_readings(path):
        return (path,)
    once = _decoded_again(path)
    texts = (path, once, _without_parameters(path), _without_parameters(once))
    spelled = [_spelled(text) for text in texts]
    spelled += [_spelled(_merged(text)) for text in texts]
    spelled += [_merged(text) for text in spelled]
    return tuple(dict.fromkeys((path, *spelled)))


def has_readings(path: bytes) -> bool:
    """Whether services may disagree about what ``path`` says."""
    return b"%" in path or b"//" in path or b";" in path


def _beneath(prefix: bytes) -> PathTest:
    within = prefix + b"/"
    return lambda path: path.startswith(within) or path == prefix


def segment_test(segment: bytes) -> PathTest:
    """A test for one segment of a pattern."""
    if segment == STAR:
        return bool
    if STAR not in segment:
        return segment.__eq__
    return Globs([segment.decode("ascii")]).match


def _merged(path: bytes) -> bytes:
    while b"//" in path:
        path = path.replace(b"//", b"/")
    return path


def _without_parameters(path: bytes) -> bytes:
    return _PARAMETERS.sub(b"", path)


def _decoded_again(path: bytes) -> bytes:
    """``path`` after one more decoding; what is no escape then is left as it was."""
    once = unquote_to_bytes(path).replace(b"\0", b"%00")
    return _NO_ESCAPE.sub(b"%25", once)


def _spelled(text: bytes) -> bytes:
    """``text`` in the one spelling of paths."""
    return read_path(quote(text, safe=_PLAIN).encode("ascii"), keep_escaped_slash=True)


def covers(pattern: str, other: str) -> bool:
    """Whether every path that matches ``other`` certainly matches ``pattern`` too."""
    wide, narrow = segments_of(pattern), segments_of(other)
    if wide == narrow:
        return True
    if is_literal(narrow):
        return path_test([pattern])(b"/" + b"/".join(narrow))
    fixed = wide[:-1]
    return wide[-1] == ANY_REST and is_literal(fixed) and narrow[: len(fixed)] == fixed
