"""The host that a request names: how it is written in rules, and when two spellings mean one."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address, ip_address
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from sidecar.model.addresses import is_host
from sidecar.model.reading import shown, unreadable

#: A host in one spelling, and its port; the port is empty when none is written.
HostKey = tuple[bytes, bytes]

_HIGHEST_PORT: Final = 65535
_EXPECTED: Final = "write a host as requests name it, such as inventory or inventory.shop.svc:8080"


def host_key(written: bytes) -> HostKey:
    """The one spelling of a ``Host`` that ``valid_host`` accepts.

    Lower case, without a trailing dot, brackets or leading zeros. Never raises.
    """
    if written[:1] == b"[":
        literal, _, port = written[1:].partition(b"]")
        return _ipv6(literal), _port(port[1:])
    host, _, port = written.partition(b":")
    return host.lower().removesuffix(b"."), _port(port)


def parse_host_name(value: object) -> str:
    """A host that requests name, with or without a port. Raises ``bad-host``."""
    text = value if isinstance(value, str) else ""
    host, port = _split(text)
    if not is_host(host) or not _is_port(port):
        problem = f"{shown(value)} is not a host"
        raise unreadable("bad-host", problem, _EXPECTED, _meant(text))
    return text.lower()


def parse_lookup_name(value: object) -> str:
    """A name to look up, without a port. Raises ``bad-host``; an address needs no looking up."""
    text = value if isinstance(value, str) else ""
    name, colon, port = text.partition(":")
    if text and _is_address(text):
        expected = "write url: http://HOST:PORT, or targets:, for an address"
        raise unreadable("bad-host", f"{shown(value)} is an address, and no name", expected)
    if not is_host(text):
        expected = "write a name, such as inventory.shop.svc"
        meant = name if colon and port.isdigit() and is_host(name) else _meant(text)
        raise unreadable("bad-host", f"{shown(value)} is not a name", expected, meant)
    return text.lower()


def parse_port(value: object) -> int:
    """A port. Raises ``bad-port``."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _HIGHEST_PORT:
        return value
    meant = value if isinstance(value, str) and _is_port(value) else None
    expected = "write a number from 1 to 65535, without quotes"
    raise unreadable("bad-port", f"{shown(value)} is not a port", expected, meant)


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _split(text: str) -> tuple[str, str]:
    """Host and port of a host as it is written; the port is ``0`` when there is none."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        colon, port = port[:1], port[1:]
        if ":" not in host or colon not in {"", ":"}:
            return "", ""
    else:
        host, colon, port = text.partition(":")
    return host, port if colon else "80"


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) <= _HIGHEST_PORT


def _meant(text: str) -> str | None:
    """The host of a URL, or an IPv6 address without its brackets."""
    bare = re.split("[/?#]", text.partition("://")[2] or text, maxsplit=1)[0]
    candidates = [bare, f"[{bare}]"]
    for candidate in candidates:
        host, port = _split(candidate)
        if candidate != text and is_host(host) and _is_port(port):
            return candidate
    return None


def _ipv6(literal: bytes) -> bytes:
    try:
        return IPv6Address(literal.decode("latin-1")).compressed.encode()
    except AddressValueError:
        return literal.lower()


def _port(written: bytes) -> bytes:
    return written.lstrip(b"0")


HostName = Annotated[
    str,
    PlainValidator(parse_host_name),
    WithJsonSchema({
        "type": "string",
        "examples": ["inventory", "inventory.shop.svc:8080"],
        "description": "A host as requests name it: HOST or HOST:PORT.",
    }),
]  # fmt: skip
LookupName = Annotated[
    str,
    PlainValidator(parse_lookup_name),
    WithJsonSchema({
        "type": "string",
        "examples": ["inventory.shop.svc"],
        "description": "A name that is looked up, without a port.",
    }),
]  # fmt: skip
Port = Annotated[
    int,
    PlainValidator(parse_port),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _HIGHEST_PORT}),
]
