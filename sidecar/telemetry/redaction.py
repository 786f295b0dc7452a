"""What of a request target may be written down: the path, and the names in its query.

Values in a query are where tokens, addresses and names of people travel; a part without ``=``
may be a token as a whole. Neither ever leaves the data path.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

REDACTED: Final = b"REDACTED"
#: Longer ones are cut; what searches logs seldom indexes more.
PATH_BYTES: Final = 1024
QUERY_BYTES: Final = 1024
_CUT: Final = b"..."


def readable(value: bytes) -> str:
    r"""Bytes from a socket as ASCII text; every other byte is written ``\xNN``."""
    return value.decode("ascii", "backslashreplace")


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """The path and the redacted query of a request target in any of its forms (RFC 9112, 3.2)."""
    path, _, query = target.partition(b"?")
    if not path.startswith(b"/"):
        path = _without_authority(path)
    if len(path) > PATH_BYTES:
        path = path[:PATH_BYTES] + _CUT
    return path, redacted(query) if query else b""


def redacted(query: bytes) -> bytes:
    """The query with every value replaced, names kept: ``a=1&token`` is ``a=REDACTED&REDACTED``."""
    cut = len(query) > QUERY_BYTES
    parts = query[:QUERY_BYTES].split(b"&")
    shown = b"&".join([_redacted_part(part) for part in parts])
    # Redacting may lengthen it: many empty values in a row do.
    if cut or len(shown) > QUERY_BYTES:
        return shown[:QUERY_BYTES] + _CUT
    return shown


@lru_cache(maxsize=1024)
def split_host(host: bytes) -> tuple[str, int]:
    """The address and the port of a ``Host``; port 0 when it names none (RFC 9110, 7.2)."""
    address, colon, port = host.rpartition(b":")
    if not colon or not port.isdigit() or len(port) > 5:
        return readable(host).strip("[]"), 0
    return readable(address).strip("[]"), int(port)


def _redacted_part(part: bytes) -> bytes:
    name, equals, value = part.partition(b"=")
    if equals:
        return name + b"=" + REDACTED if value else part
    return REDACTED if part else part


def _without_authority(target: bytes) -> bytes:
    """Of an absolute form the path alone: its authority may carry a password."""
    _, scheme, rest = target.partition(b"://")
    if scheme:
        slash = rest.find(b"/")
        return rest[slash:] if slash >= 0 else b"/"
    return target.rpartition(b"@")[2]
