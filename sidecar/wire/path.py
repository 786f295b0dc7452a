"""The path, read once: one spelling for what rules match, counters count and the service gets.

Two spellings of one resource are how rules are got round. So unreserved escapes are decoded,
other escapes written in one way and dot segments resolved before anything looks at the path; and
what readers disagree about (an escaped slash, a backslash, NUL) is refused.
"""

from __future__ import annotations

from sidecar.wire.rejection import bad_request

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
#: What stands for itself in a path (RFC 3986, 3.3), and the slashes between segments.
_PLAIN = _UNRESERVED + b"!$&'()*+,;=:@/"
_PLAIN_BUT_DOTS = _PLAIN.replace(b".", b"")
#: Visible, outside the grammar of a path, yet sent as it is by browsers and scripts: escaped.
_ESCAPED_FOR_SENDER = b'"<>[]^`{|}'
_HEX = b"0123456789ABCDEFabcdef"


def _spellings() -> dict[bytes, bytes]:
    """Every two digits that may follow ``%`` → what is written in their place."""
    spellings = {}
    for high in _HEX:
        for low in _HEX:
            digits = bytes((high, low))
            byte = bytes((int(digits, 16),))
            spellings[digits] = byte if byte in _UNRESERVED else b"%" + digits.upper()
    del spellings[b"00"]
    return spellings


_ESCAPES_WITH_SLASHES = _spellings()
_ESCAPES = {
    digits: spelling
    for digits, spelling in _ESCAPES_WITH_SLASHES.items()
    if spelling not in (b"%2F", b"%5C")
}


def read_path(raw: bytes, *, keep_escaped_slash: bool) -> bytes:
    """The one spelling of the absolute path ``raw``, which holds no query.

    Escapes of unreserved characters are decoded, all others upper-cased, dot segments (escaped
    ones too) resolved without ever leaving the root (RFC 3986, 5.2.4 and 6.2.2). Empty segments
    are kept. Reading the result again gives the result.

    Raises ``Rejected`` (400) for a malformed escape, ``%00``, a control, non-ASCII or blank
    byte, ``#``, a backslash, and, unless ``keep_escaped_slash``, for ``%2F`` and ``%5C``.
    """
    if raw[:1] != b"/":
        raise bad_request("the path does not begin with a slash (RFC 9112, 3.2.1)")
    # One scan in C settles nearly every request: nothing to decode, no dot to make a segment of.
    strange = raw.translate(None, _PLAIN_BUT_DOTS)
    if not strange:
        return raw
    path = raw
    if strange.strip(b"."):
        path = _decoded(raw, _ESCAPES_WITH_SLASHES if keep_escaped_slash else _ESCAPES)
    return _resolved(path) if b"/." in path else path


def _decoded(raw: bytes, escapes: dict[bytes, bytes]) -> bytes:
    """``raw`` with each character in its one spelling."""
    first, *others = raw.split(b"%")
    pieces = [first]
    for other in others:
        spelling = escapes.get(other[:2])
        if spelling is None:
            raise bad_request(_why_not(other[:2]))
        pieces.append(spelling)
        pieces.append(other[2:])
    path = b"".join(pieces)
    strange = set(path.translate(None, _PLAIN + b"%"))
    for byte in strange:
        if byte not in _ESCAPED_FOR_SENDER:
            raise bad_request(f"the path holds the byte 0x{byte:02x} unescaped (RFC 3986, 3.3)")
        path = path.replace(bytes((byte,)), b"%%%02X" % byte)
    return path


def _why_not(digits: bytes) -> str:
    if digits == b"00":
        return "the path holds an escaped NUL (RFC 3986, 7.3)"
    if digits.upper() in (b"2F", b"5C"):
        return "the path holds an escaped slash or backslash (RFC 3986, 2.2)"
    return "a percent sign in the path is not followed by two digits (RFC 3986, 2.1)"


def _resolved(path: bytes) -> bytes:
    """``path`` without ``.`` and ``..`` segments (RFC 3986, 5.2.4)."""
    segments = path.split(b"/")
    kept: list[bytes] = []
    for segment in segments[1:]:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in (b".", b".."):
        # What is left is a directory: its slash stays.
        kept.append(b"")
    return b"/" + b"/".join(kept)
