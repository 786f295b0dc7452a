"""Reads what clients send in paths, queries and header fields."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from demo_services.shop.service.problems import BadRequest, NotFound

USER: Final = "x-user-id"
IDEMPOTENCY_KEY: Final = "idempotency-key"

_DIGITS_AT_MOST: Final = 16
_KEY_CHARACTERS_AT_MOST: Final = 100


def number_of(text: str, what: str) -> int:
    """The number in a path. Raises NotFound: what has no number is not there."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_AT_MOST):
        raise NotFound(f"{text!r} is not the number of a {what}")
    return int(text)


def key_of(text: str) -> str:
    """A key that somebody else chose. Raises BadRequest."""
    return _visible(text, "the key")


def user_of(request: web.Request) -> str:
    """Who asks, as the gateway found out. Raises BadRequest."""
    if (user := request.headers.get(USER)) is None:
        raise BadRequest(f"the header field {USER} is missing")
    return _visible(user, USER)


def idempotency_key_of(request: web.Request) -> str | None:
    """The key by which an order that is sent again is recognised. Raises BadRequest."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    return None if key is None else _visible(key, IDEMPOTENCY_KEY)


def count_of(request: web.Request, name: str, default: int, at_most: int) -> int:
    """A number from 1 to ``at_most`` in the query. Raises BadRequest."""
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_AT_MOST):
        raise BadRequest(f"{name} must be a number, not {text!r}")
    if not 1 <= (count := int(text)) <= at_most:
        raise BadRequest(f"{name} must be between 1 and {at_most}, not {count}")
    return count


def _visible(text: str, what: str) -> str:
    visible = text.isascii() and text.isprintable() and " " not in text
    if not visible or not 0 < len(text) <= _KEY_CHARACTERS_AT_MOST:
        raise BadRequest(f"{what} must be 1 to {_KEY_CHARACTERS_AT_MOST} visible characters")
    return text
