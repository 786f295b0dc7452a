"""An issuer of tokens for tests: its keys, and tokens of every kind, good and bad."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://id.shop.example"
AUDIENCE = "order"
#: When everything here happens, in seconds since 1970.
NOW = 1_800_000_000.0


class Issuer:
    """Signs with a key of each type."""

    def __init__(self) -> None:
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.rsa = rsa.generate_private_key(65537, 2048)

    def public(self, kind: str, **members: Any) -> dict[str, Any]:
        """The public part of the key of a type, ``ec`` or ``rsa``, with its id."""
        if kind == "ec":
            text = jwt.algorithms.ECAlgorithm.to_jwk(self.ec.public_key())
        else:
            text = jwt.algorithms.RSAAlgorithm.to_jwk(self.rsa.public_key())
        data: dict[str, Any] = json.loads(text)
        data.pop("key_ops", None)
        return {**data, "kid": kind, "use": "sig", **members}

    def key_set(self, *kinds: str) -> bytes:
        """What is published: the keys of these types, or all."""
        keys = [self.public(kind) for kind in kinds or ("ec", "rsa")]
        return json.dumps({"keys": keys}).encode()

    def token(self, kind: str = "ec", header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token that is right but for what is given; None takes a claim or a header out."""
        key: Any = self.ec if kind == "ec" else self.rsa
        head = {"kid": kind, **(header or {})}
        algorithm = head.pop("alg", "ES256" if kind == "ec" else "RS256")
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(payload(**claims), key, algorithm=algorithm, headers=head)

    def confused(self, algorithm: str = "HS256") -> str:
        """A token signed with the public RSA key as if it were a shared secret."""
        pem = self.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return by_hand({"alg": algorithm, "typ": "JWT", "kid": "rsa"}, payload(), pem)


def payload(**claims: Any) -> dict[str, Any]:
    """Claims that are right but for those given; None takes one out."""
    whole = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 300, "tenant": "acme", **claims}
    return {name: value for name, value in whole.items() if value is not None}


def by_hand(header: Any, claims: Any, secret: bytes | None = None) -> str:
    """A token made without a library, signed with HMAC or not at all."""
    text = f"{encoded(header)}.{encoded(claims)}"
    if secret is None:
        return f"{text}."
    digest = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def encoded(value: Any) -> str:
    """A part of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def tampered(token: str, **claims: Any) -> str:
    """The same token with other claims under the old signature."""
    header, _, signature = token.split(".")
    return f"{header}.{encoded(payload(**claims))}.{signature}"
