"""Tokens: a request that shows a bearer token shows a valid one, or is refused with 401.

A token is a JSON Web Token of the issuer in ``trust.jwt``. Its signature is checked once; from
then on it is known by its digest, and only its times are looked at. Who shows none goes on without
claims, for the rules below to decide about.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import inf
from typing import Any, ClassVar, Final, Protocol, final

from sidecar.model.http import RequestHead
from sidecar.model.policy import Facts, GateBasics, KeyReader, Stage, Ticket
from sidecar.model.verdict import ADMIT, LocalReply, Respond, Verdict

#: Tokens that are remembered; the one that was seen first goes first.
VALID_AT_MOST: Final = 10_000
#: The same for what is none: strangers cannot push out what is valid.
INVALID_AT_MOST: Final = 1_000
#: Numbers that no clock reaches are no times.
_LATEST: Final = 1e12
_BEARER: Final = b"bearer "
_AUTHORIZATION: Final = b"authorization"
_CHALLENGE: Final = ((b"WWW-Authenticate", b'Bearer error="invalid_token"'),)
#: Problems that say something about the keys at hand, not about the token.
_PASSING: Final = frozenset({"unknown_key", "no_keys"})
_NO_KEYS: Final = "no_keys"
_CLAIM_BYTES_AT_MOST: Final = 4096


class Keys(Protocol):
    """The public keys of an issuer."""

    def verify(
        self, token: bytes, algorithms: Sequence[str], issuer: str, audience: Sequence[str]
    ) -> Mapping[str, Any]:
        """The claims of a token that one of them has signed.

        Raises an exception with ``problem``, a word, when none of them has.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeysUrl:
    """Where the keys of an issuer are published."""

    url: str
    #: How often they are looked at, in seconds.
    refresh: float
    #: The file of the authorities that the server is checked by; empty for the system's.
    ca: str = ""


class KeyHolder:
    """The keys of an issuer as they are at the moment; None until there are any."""

    __slots__ = ("keys", "missed", "source")

    def __init__(self, keys: Keys | None = None, source: KeysUrl | None = None) -> None:
        self.keys = keys
        #: Where they are fetched; None for those that stand in a file.
        self.source = source
        #: A token named a key that is not among them: they may have changed.
        self.missed = False

    def replace(self, keys: Keys) -> None:
        """Put other keys in force; what was verified with those before is verified anew."""
        self.keys = keys


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """What a token must be like; times in seconds."""

    issuer: str
    audience: tuple[str, ...]
    algorithms: tuple[str, ...]
    field: bytes = _AUTHORIZATION
    leeway: float = 0.0
    #: The claims that are kept, by the names that keys have for them.
    claims: tuple[str, ...] = ()


@final
class Token:
    """What is known about a token that was shown."""

    __slots__ = ("claims", "expires", "not_before", "problem")

    def __init__(
        self,
        problem: str = "",
        claims: Mapping[str, bytes] | None = None,
        not_before: float = -inf,
        expires: float = inf,
    ) -> None:
        #: Why it is none, in a word; empty when it is one at its time.
        self.problem = problem
        self.claims = claims or {}
        #: Seconds since 1970.
        self.not_before = not_before
        self.expires = expires


@final
class Tokens:
    """Reads tokens of requests; each of them is verified once, as long as it is remembered."""

    def __init__(self, settings: TokenSettings, holder: KeyHolder) -> None:
        self.settings = settings
        self.holder = holder
        self._keys = holder.keys
        self._valid: dict[bytes, Token] = {}
        self._invalid: dict[bytes, Token] = {}
        self._now = -inf
        #: Several rules ask about one request: its token is found by being the same object.
        self._last: tuple[bytes, Token | None] = (b"", None)

    def advance(self, wall_now: float) -> None:
        """It is ``wall_now``, in seconds since 1970."""
        self._now = wall_now

    def of(self, request: RequestHead) -> Token | None:
        """The token of a request; None when it shows none."""
        value = request.fields.get(self.settings.field)
        if not value:
            return None
        if self._keys is not self.holder.keys:
            self._forget()
        last, token = self._last
        if last is not value:
            token = self._find(value)
            self._last = (value, token)
        return token

    def problem(self, token: Token) -> str:
        """Why a token is none now, in a word; empty when it is valid."""
        if token.problem:
            return token.problem
        leeway = self.settings.leeway
        if self._now >= token.expires + leeway:
            return "expired"
        return "not_yet_valid" if self._now < token.not_before - leeway else ""

    def seconds_left(self, token: Token) -> float:
        """How long a valid token stays so."""
        return token.expires + self.settings.leeway - self._now

    def reader(self, claim: str) -> KeyReader:
        """Reads a claim of valid tokens, which is one of ``settings.claims``."""

        def read(request: RequestHead) -> bytes:
            token = self.of(request)
            if token is None or self.problem(token):
                return b""
            return token.claims.get(claim, b"")

        return read

    def adopt(self, predecessor: Tokens) -> None:
        """Go on with what was verified, if it would be verified in the same way."""
        if predecessor.settings == self.settings and predecessor._keys is self._keys:
            self._valid, self._invalid = predecessor._valid, predecessor._invalid

    def _forget(self) -> None:
        self._keys = self.holder.keys
        self._valid, self._invalid = {}, {}
        self._last = (b"", None)

    def _find(self, value: bytes) -> Token | None:
        text = self._token_in(value)
        if text is None:
            return None
        digest = sha256(text).digest()
        token = self._valid.get(digest) or self._invalid.get(digest)
        if token is None:
            token = self._verified(text)
            if token.problem not in _PASSING:
                known = self._invalid if token.problem else self._valid
                _remember(known, digest, token, INVALID_AT_MOST if token.problem else VALID_AT_MOST)
        return token

    def _token_in(self, value: bytes) -> bytes | None:
        """The token in a field's value; None where that is something else."""
        if value[: len(_BEARER)].lower() == _BEARER:
            return value[len(_BEARER) :].strip(b" ")
        return None if self.settings.field == _AUTHORIZATION else value

    def _verified(self, text: bytes) -> Token:
        settings = self.settings
        keys = self.holder.keys
        if keys is None:
            self.holder.missed = True
            return Token(_NO_KEYS)
        try:
            claims = keys.verify(text, settings.algorithms, settings.issuer, settings.audience)
        except Exception as error:  # noqa: BLE001 - strangers' bytes went through two libraries
            problem = getattr(error, "problem", "malformed")
            self.holder.missed = self.holder.missed or problem == "unknown_key"
            return Token(problem)
        return _token(claims, settings.claims)


def _remember(known: dict[bytes, Token], digest: bytes, token: Token, at_most: int) -> None:
    if len(known) >= at_most:
        del known[next(iter(known))]
    known[digest] = token


def _token(claims: Mapping[str, Any], names: Iterable[str]) -> Token:
    expires, not_before = _time(claims, "exp"), _time(claims, "nbf")
    if expires is None or (not_before is None and "nbf" in claims):
        return Token("malformed")
    kept = {name: text for name in names if (text := _claim_text(claims, name))}
    return Token("", kept, -inf if not_before is None else not_before, expires)


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """Seconds since 1970; None for what is no time."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared first: a number may be too large to be turned into another.
    return float(value) if -_LATEST < value < _LATEST else None


def _claim_text(claims: Mapping[str, Any], name: str) -> bytes:
    """A claim as the value of a key: its text, a number's or a flag's JSON, a list's joined."""
    value = claims.get(name)
    if value is None and "." in name:
        value = _beneath(claims, name.split("."))
    if isinstance(value, list):
        parts = [_plain(one) for one in value]
        text = ", ".join(parts) if all(parts) else ""
    else:
        text = _plain(value)
    encoded = text.encode("utf-8", "replace")
    return encoded if len(encoded) <= _CLAIM_BYTES_AT_MOST else b""


def _beneath(claims: Mapping[str, Any], way: Sequence[str]) -> object:
    value: object = claims
    for part in way:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else ""


@final
class TokenCheck(GateBasics):
    """Refuses a token that is none. Who shows no token at all is let pass."""

    __slots__ = ("tokens",)

    stage: ClassVar[Stage] = Stage.IDENTITY

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Refuse a token that is not valid."""
        token = self.tokens.of(request)
        if token is None:
            return ADMIT
        problem = self.tokens.problem(token)
        if not problem:
            return ADMIT
        facts = {"problem": problem}
        if problem == _NO_KEYS:
            detail = "Tokens cannot be checked at the moment."
            return Respond(LocalReply(503, "token_keys_missing", detail, 1.0, facts=facts))
        detail = "The bearer token is not valid."
        return Respond(LocalReply(401, "invalid_token", detail, None, _CHALLENGE, facts))

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Nothing is counted."""
        return 0

    def adopt(self, predecessor: TokenCheck, now: float) -> None:
        """Tokens that were verified stay so."""
        self.tokens.adopt(predecessor.tokens)

    def facts(self, request: RequestHead, now: float) -> Facts:
        """Whether there is a token, and how long it lasts or what is wrong with it."""
        token = self.tokens.of(request)
        if token is None:
            return {"token": "none"}
        problem = self.tokens.problem(token)
        if problem:
            return {"token": problem}
        return {"token": "valid", "seconds_left": self.tokens.seconds_left(token)}
