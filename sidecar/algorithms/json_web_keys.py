"""Public keys as issuers publish them (RFC 7517), and the signatures of tokens (RFC 7519).

Only signatures that a private key makes are known here. A key is used for the algorithms that its
own type allows, and for nothing else that a token says of itself: neither ``alg`` nor ``jku``,
``jwk`` or ``x5u`` choose what a token is checked with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

#: A token that is larger than this is none: heads that large are rare, and cost to look through.
TOKEN_BYTES_AT_MOST: Final = 16 * 1024
_KEYS_AT_MOST: Final = 200
#: RFC 7518, 3.3.
_RSA_BITS_AT_LEAST: Final = 2048

_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES: Final = {"secp256r1": ("ES256",), "secp384r1": ("ES384",), "secp521r1": ("ES512",)}
#: Members of a key that nobody but its owner may know (RFC 7518, 6.2.2 and 6.3.2).
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})

_OPTIONS: Final[Any] = {
    # Times are looked at on each request, with a clock that is handed in.
    "verify_exp": False, "verify_nbf": False, "verify_iat": False,
    # Whatever type an issuer gives these, no rule depends on it.
    "verify_sub": False, "verify_jti": False,
    "require": ["exp", "iss", "aud"],
}  # fmt: skip


class NoToken(Exception):  # noqa: N818 - caught where tokens are read, and never leaves
    """Why a token is none, in a word."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class BadKeySet(Exception):  # noqa: N818 - reads as what it says to the admin
    """What is wrong with a key set, in words; it never tells what a key is."""


class _Key:
    __slots__ = ("algorithms", "key")

    def __init__(self, key: Any, algorithms: tuple[str, ...]) -> None:
        self.key = key
        self.algorithms = algorithms


class KeySet:
    """The public keys of an issuer."""

    __slots__ = ("_by_id", "_keys")

    def __init__(self, keys: Iterable[tuple[str, Any, tuple[str, ...]]]) -> None:
        """For each key its id (empty for none), the key, and what it may be used for."""
        self._keys: list[_Key] = []
        self._by_id: dict[str, list[_Key]] = {}
        for identity, key, algorithms in keys:
            one = _Key(key, algorithms)
            self._keys.append(one)
            self._by_id.setdefault(identity, []).append(one)

    def __len__(self) -> int:
        return len(self._keys)

    def verify(
        self, token: bytes, algorithms: Sequence[str], issuer: str, audience: Sequence[str]
    ) -> Mapping[str, Any]:
        """The claims of a token that one of the keys has signed. Raises ``NoToken``.

        Times are not looked at but for ``exp`` being there.
        """
        header = _header(token)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in algorithms:
            raise NoToken("algorithm")
        key = self._key_for(header, algorithm)
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token, key, algorithms=[algorithm], options=_OPTIONS,
                issuer=issuer, audience=audience,
            )  # fmt: skip
        except jwt.InvalidTokenError as error:
            raise NoToken(_problem(error)) from None
        except (ValueError, TypeError, RecursionError):
            raise NoToken("malformed") from None
        return claims

    def _key_for(self, header: Mapping[str, Any], algorithm: str) -> Any:
        identity = header.get("kid")
        if identity is None:
            candidates = self._keys
        elif isinstance(identity, str):
            candidates = self._by_id.get(identity, [])
        else:
            raise NoToken("malformed")
        fitting = [one for one in candidates if algorithm in one.algorithms]
        if len(fitting) == 1:
            return fitting[0].key
        if candidates and not fitting:
            raise NoToken("algorithm")
        # None of this name; or several for a token that names none, and it is not tried out which.
        raise NoToken("unknown_key")


def _header(token: bytes) -> Mapping[str, Any]:
    if len(token) > TOKEN_BYTES_AT_MOST:
        raise NoToken("too_large")
    if token.count(b".") != 2:
        raise NoToken("malformed")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise NoToken("malformed") from None
    if "crit" in header or "b64" in header:
        # Extensions that must be understood, and are not (RFC 7515, 4.1.11).
        raise NoToken("malformed")
    return header


def _problem(error: jwt.InvalidTokenError) -> str:
    for kind, problem in _PROBLEMS:
        if isinstance(error, kind):
            return problem
    return "malformed"


_PROBLEMS: Final[tuple[tuple[type[jwt.InvalidTokenError], str], ...]] = (
    (jwt.InvalidSignatureError, "signature"),
    (jwt.InvalidIssuerError, "issuer"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.MissingRequiredClaimError, "missing_claim"),
    (jwt.InvalidAlgorithmError, "algorithm"),
)


def parse_key_set(data: bytes) -> KeySet:
    """The keys of a JSON Web Key Set that can be used. Raises ``BadKeySet``.

    Keys of unknown types, for encryption and of symmetric algorithms are left out (RFC 7517, 5).
    """
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        raise BadKeySet("it is not JSON") from None
    keys = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(keys, list):
        raise BadKeySet("it is not a key set: there is no list 'keys'")
    if len(keys) > _KEYS_AT_MOST:
        raise BadKeySet(f"it has {len(keys)} keys; at most {_KEYS_AT_MOST} are read")
    found = [one for one in keys if isinstance(one, dict)]
    for index, one in enumerate(found):
        if _PRIVATE & one.keys():
            raise BadKeySet(f"key {index + 1} is a private key; publish the public part alone")
    usable = [usable for one in found if (usable := _usable(one)) is not None]
    if not usable:
        raise BadKeySet("it has no public key that a signature can be checked with")
    return KeySet(usable)


def _usable(data: dict[str, Any]) -> tuple[str, Any, tuple[str, ...]] | None:
    operations = data.get("key_ops")
    for_signatures = data.get("use", "sig") == "sig" and (
        not isinstance(operations, list) or "verify" in operations
    )
    if not for_signatures or data.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    try:
        # The key alone: what it may be used for is told by its type, below.
        key = jwt.PyJWK({name: value for name, value in data.items() if name != "alg"}).key
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError):
        return None
    algorithms = _algorithms_of(key)
    said = data.get("alg")
    if said is not None:
        algorithms = tuple(one for one in algorithms if one == said)
    identity = data.get("kid")
    if not algorithms or not isinstance(identity, str | None):
        return None
    return identity or "", key, algorithms


def _algorithms_of(key: Any) -> tuple[str, ...]:
    """What signatures a key of its type may have made."""
    if isinstance(key, RSAPublicKey):
        return _RSA if key.key_size >= _RSA_BITS_AT_LEAST else ()
    if isinstance(key, EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, ())
    return ("EdDSA",) if isinstance(key, Ed25519PublicKey) else ()
