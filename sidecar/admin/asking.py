"""Finds out who asks: the user behind a Unix socket, or the holder of a token."""

from __future__ import annotations

import pwd
import socket
import struct
from typing import Final

from aiohttp import web

from sidecar.admin.actor import Actor

#: ``struct ucred``: process, user and group.
_CREDENTIALS: Final = struct.Struct("3i")
#: What people write into ``x-actor`` beside their token or socket; it is noted, not believed.
CLAIMED: Final = "X-Actor"
_CLAIM_AT_MOST: Final = 120


def actor_of(request: web.Request) -> Actor:
    """Who asks. What the kernel says comes first, a claim is added to it."""
    actor = _by_socket(request) or _by_token(request)
    claim = one_line(request.headers.get(CLAIMED, ""), _CLAIM_AT_MOST)
    if not claim:
        return actor
    return Actor(f"{claim} ({actor.name})", {**actor.details, "claimed": claim})


def _by_socket(request: web.Request) -> Actor | None:
    transport = request.transport
    sock = transport.get_extra_info("socket") if transport is not None else None
    if sock is None or sock.family != socket.AF_UNIX:
        return None
    # ``SO_PEERCRED`` is what the kernel noted when the client connected.
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(data)
    return Actor(_user(uid), {"uid": uid, "pid": pid})


def _by_token(request: web.Request) -> Actor:
    return Actor("admin token", {"address": request.remote or "unknown"})


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def one_line(text: str, most: int) -> str:
    """So much of a text as one line that no terminal obeys, whatever was sent."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:most])
    return plain.strip()
