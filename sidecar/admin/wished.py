"""The shapes of what the admin API takes: what somebody wants to have changed."""

from __future__ import annotations

import msgspec


class Wish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants to have changed."""


class OverrideWish(Wish):
    """Give rules another mode for a while."""

    #: A glob over ``kind/name``, such as ``rate_limits/*``.
    rules: str
    #: ``enforce``, ``shadow`` or ``disabled``.
    mode: str
    #: A duration such as ``10m``; up to 24 hours.
    for_: str = msgspec.field(name="for", default="10m")
    why: str = ""


class SwitchWish(Wish):
    """Turn a switch on for a while, or off."""

    on: bool
    for_: str = msgspec.field(name="for", default="10m")
    why: str = ""


class BreakerWish(Wish):
    """Hold a breaker ``open`` or ``closed`` for a while."""

    state: str
    for_: str = msgspec.field(name="for", default="10m")
    why: str = ""


class LogLevelWish(Wish):
    """Log from this level on."""

    level: str
    why: str = ""


class DrainWish(Wish):
    """Ask for no new requests, or for them again; or finish what runs, and stop."""

    draining: bool = True
    stop: bool = False
    why: str = ""
