"""Where to listen, whom to call, whom to believe: addresses, URLs and networks as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.model.reading import shown, unreadable

Network = IPv4Network | IPv6Network

_UNIX = "unix:"
#: What fits into ``sockaddr_un.sun_path`` with its closing NUL, on Linux.
_UNIX_PATH_BYTES = 107
_HIGHEST_PORT = 65535
_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST_HOST = 253
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_BIND_WRITTEN = "write an address to listen on, such as 127.0.0.1:8080, '[::1]:80' or unix:/path"
_TARGET_WRITTEN = "write HOST:PORT or unix:/path, such as 10.0.0.5:8080"
_URL_WRITTEN = "write http://HOST:PORT, https://HOST:PORT or unix:/path"
_CIDR_WRITTEN = "write an address or a network, such as 198.51.100.7 or 203.0.113.0/24"
_PEER_WRITTEN = "write a network such as 10.0.0.0/8, one address, or unix"


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address, or a Unix socket when ``path`` is not empty.

    A relative ``path`` is meant relative to the rule file; who opens it resolves it.
    """

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"{_UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Url:
    """Where an upstream is, and whether it is spoken to over TLS."""

    address: Address
    tls: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether it can be called as it is, no port being left to be chosen."""
        return bool(self.address.path or self.address.port)

    def __str__(self) -> str:
        if self.address.path:
            return str(self.address)
        return f"{'https' if self.tls else 'http'}://{self.address}"


def parse_bind(value: object) -> Address:
    """``127.0.0.1:8080`` or ``unix:/path`` → ``Address``; port 0 is any free one.

    Raises ``bad-bind``. Names are refused: which interface they mean depends on the machine.
    """
    if isinstance(value, Address):
        return value
    text = value if isinstance(value, str) else ""
    if text.startswith(_UNIX):
        return _unix(text, "bad-bind", _BIND_WRITTEN)
    host, port = _host_and_port(text)
    if port is None or not _is_ip(host):
        raise unreadable(
            "bad-bind", f"{shown(value)} is not an address", _BIND_WRITTEN, _meant_bind(value)
        )
    return Address(host, port)


def parse_target(value: object) -> Address:
    """``10.0.0.5:8080``, ``host:80`` or ``unix:/path`` → ``Address``. Raises ``bad-target``."""
    if isinstance(value, Address):
        return value
    text = value if isinstance(value, str) else ""
    if text.startswith(_UNIX):
        return _unix(text, "bad-target", _TARGET_WRITTEN)
    host, port = _host_and_port(text)
    if not port or not is_host(host):
        meant = text.partition("://")[2].rstrip("/")
        good = _host_and_port(meant)[1] is not None
        problem = f"{shown(value)} is not HOST:PORT"
        if isinstance(value, dict) and "dns" in value:
            expected = "write dns: and port: in place of targets:"
            raise unreadable("bad-target", problem, expected)
        raise unreadable("bad-target", problem, _TARGET_WRITTEN, meant if good else None)
    return Address(host, port)


def parse_url(value: object) -> Url:
    """``http://h:p``, ``https://h:p`` or ``unix:/path`` → ``Url``. Raises ``bad-url``.

    The port is 80 or 443 when none is given; port 0 on this machine is one to be chosen. A path,
    a query or a user name are refused: what is asked for is the client's business.
    """
    if isinstance(value, Url):
        return value
    text = value if isinstance(value, str) else ""
    if text.startswith(_UNIX):
        return Url(_unix(text, "bad-url", _URL_WRITTEN))
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in {"http", "https"}:
        meant = _meant_url(value)
        raise unreadable("bad-url", f"{shown(value)} is not a URL", _URL_WRITTEN, meant)
    authority = rest.removesuffix("/")
    if re.search(r"[/?#@]", authority):
        meant = f"{scheme}://{re.split('[/?#]', authority, maxsplit=1)[0].rpartition('@')[2]}"
        problem = f"{shown(value)} has more than a host and a port"
        raise unreadable("bad-url", problem, _URL_WRITTEN, meant)
    has_port = re.search(r":[0-9]*$", authority.rpartition("]")[2]) is not None
    full = authority if has_port else f"{authority}:{443 if scheme == 'https' else 80}"
    host, port = _host_and_port(full)
    if port is None or not is_host(host) or (port == 0 and host not in _LOOPBACK):
        raise unreadable("bad-url", f"{shown(value)} has no valid host and port", _URL_WRITTEN)
    return Url(Address(host, port), tls=scheme == "https")


def parse_cidr(value: object) -> Network:
    """``203.0.113.0/24``, or one address as its /32 or /128. Raises ``bad-network``."""
    return _network(value, _CIDR_WRITTEN)


def parse_peer(value: object) -> Network | Literal["unix"]:
    """A network, or ``unix`` for whoever reaches the Unix socket. Raises ``bad-network``."""
    return "unix" if value == "unix" else _network(value, _PEER_WRITTEN)


def is_host(text: str) -> bool:
    """Whether ``text`` is an address or a name that could be looked up."""
    if _is_ip(text):
        return True
    labels = text.removesuffix(".").split(".")
    all_numbers = all(label.isdigit() for label in labels)
    fits = len(text) <= _LONGEST_HOST and not all_numbers
    return fits and all(_HOST_LABEL.fullmatch(label) for label in labels)


def _network(value: object, expected: str) -> Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    text = value if isinstance(value, str) else ""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        meant = _meant_network(text)
        problem = f"{shown(value)} is not an address or a network"
        raise unreadable("bad-network", problem, expected, meant) from None
    if "%" in text:
        raise unreadable("bad-network", f"{shown(value)} has a zone", expected)
    if "/" in text and ip_address(text.partition("/")[0]) != network.network_address:
        problem = f"{shown(value)} has bits set beyond its prefix"
        raise unreadable("bad-network", problem, expected, str(network))
    return network


def _unix(text: str, code: str, expected: str) -> Address:
    path = text.removeprefix(_UNIX)
    if path.startswith("//"):
        raise unreadable(code, f"{shown(text)} has a host", expected, f"unix:/{path.lstrip('/')}")
    if not path or path.startswith("@") or "\0" in path:
        raise unreadable(code, f"{shown(text)} names no file", expected)
    if len(path.encode("utf-8", "surrogatepass")) > _UNIX_PATH_BYTES:
        problem = f"the path of a Unix socket holds at most {_UNIX_PATH_BYTES} bytes"
        raise unreadable(code, problem, expected)
    return Address(path=path)


def _host_and_port(text: str) -> tuple[str, int | None]:
    host, separator, port = text.rpartition(":")
    if not separator or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _HIGHEST_PORT:
        return "", None
    if host.startswith("[") and host.endswith("]"):
        inner = host[1:-1]
        return (inner, int(port)) if ":" in inner and _is_ip(inner) else ("", None)
    return ("", None) if ":" in host else (host, int(port))


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _meant_bind(value: object) -> str | None:
    text = str(value).removeprefix("http://").rstrip("/")
    host, separator, port = text.rpartition(":")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _HIGHEST_PORT:
        return f"{text}:8080" if _is_ip(text) and ":" not in text else None
    if not separator or host == "localhost":
        return f"127.0.0.1:{port}"
    if host in {"", "*"}:
        return f"0.0.0.0:{port}"
    return f"{host}:{port}" if _is_ip(host) and ":" not in host else None


def _meant_url(value: object) -> str | None:
    text = str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"http://127.0.0.1:{value}"
    if text.startswith("/"):
        return _meant_unix(text)
    bare = text.partition("://")[2] if "://" in text else text
    host, port = _host_and_port(bare.partition("/")[0])
    return f"http://{bare.partition('/')[0]}" if port and is_host(host) else None


def _meant_unix(path: str) -> str | None:
    try:
        _unix(f"{_UNIX}{path}", "bad-url", "")
    except PydanticCustomError:
        return None
    return f"{_UNIX}{path}"


def _meant_network(text: str) -> str | None:
    """An address written with a port, in brackets, with a star, or as a URL."""
    candidates = [
        _url_host(text),
        text.strip("[]"),
        text.rpartition(":")[0].strip("[]"),
    ]
    stars = re.fullmatch(r"((?:[0-9]{1,3}\.){1,3})\*(?:\.\*)*", text)
    if stars:
        given = stars[1].count(".")
        candidates.append(f"{stars[1]}{'.'.join(['0'] * (4 - given))}/{8 * given}")
    for candidate in candidates:
        try:
            return str(ip_network(candidate, strict=False)).removesuffix("/32")
        except ValueError:
            continue
    return None


def _url_host(text: str) -> str:
    """The host in a URL; empty when there is none."""
    try:
        return urlsplit(text).hostname or ""
    except ValueError:
        return ""


def _written(examples: list[str], description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": examples, "description": description})


Bind = Annotated[
    Address,
    PlainValidator(parse_bind),
    _written(
        ["127.0.0.1:8080", "[::1]:80", "unix:/run/app.sock"],
        "An address to listen on: IP:PORT or unix:PATH.",
    ),
]
Target = Annotated[
    Address,
    PlainValidator(parse_target),
    _written(["10.0.0.5:8080", "unix:/run/app.sock"], "HOST:PORT or unix:PATH."),
]
UpstreamUrl = Annotated[
    Url,
    PlainValidator(parse_url),
    _written(
        ["http://127.0.0.1:9000", "https://app.internal", "unix:/run/app.sock"],
        "Where an upstream is: http://HOST:PORT, https://HOST:PORT or unix:PATH.",
    ),
]
Cidr = Annotated[
    Network,
    PlainValidator(parse_cidr),
    _written(["198.51.100.7", "203.0.113.0/24", "2001:db8::/32"], "An address or a network."),
]
#: ``"unix"`` stands for whoever reaches us over a Unix socket.
Peer = Annotated[
    Network | Literal["unix"],
    PlainValidator(parse_peer),
    _written(["10.0.0.0/8", "unix"], "A network, an address, or unix for a Unix socket."),
]
