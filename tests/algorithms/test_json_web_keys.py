"""Key sets and signatures: what is believed, and a table of attacks that are not."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.json_web_keys import (
    TOKEN_BYTES_AT_MOST,
    BadKeySet,
    NoToken,
    parse_key_set,
)
from tests.policies.issuing import AUDIENCE, ISSUER, Issuer, by_hand, encoded, payload, tampered

ISSUED = Issuer()
STRANGER = Issuer()
KEYS = parse_key_set(ISSUED.key_set())
ALGORITHMS = ("ES256", "RS256")


def problem(token: str | bytes, algorithms: tuple[str, ...] = ALGORITHMS) -> str:
    """Why a token is none; empty when it is one."""
    text = token if isinstance(token, bytes) else token.encode()
    try:
        KEYS.verify(text, algorithms, ISSUER, (AUDIENCE, "shop"))
    except NoToken as error:
        return error.problem
    return ""


@pytest.mark.parametrize(
    "token",
    [
        ISSUED.token("ec"),
        ISSUED.token("rsa"),
        ISSUED.token("ec", {"kid": None}),
        ISSUED.token("ec", aud=["a", "shop"]),
        ISSUED.token("ec", sub=7, jti=7, iat="never"),
        # Times are somebody else's business.
        ISSUED.token("ec", exp=0, nbf=10**11),
        ISSUED.token("ec", {"jku": "https://evil.example", "x5u": "https://evil.example"}),
    ],
)
def test_good_tokens(token: str) -> None:
    assert problem(token) == ""


HEADER = {"alg": "RS256", "kid": "rsa"}
EC_PUBLIC = ISSUED.public("ec")


@pytest.mark.parametrize(
    "token, why",
    [
        # no signature at all, however it is written
        (by_hand({"alg": "none"}, payload()), "algorithm"),
        (by_hand({"alg": "None", "kid": "ec"}, payload()), "algorithm"),
        (by_hand({"alg": "NONE", "kid": "rsa"}, payload()), "algorithm"),
        (by_hand({"alg": "", "kid": "rsa"}, payload()), "algorithm"),
        (by_hand({"kid": "rsa"}, payload()), "algorithm"),
        (by_hand({"alg": ["RS256"], "kid": "rsa"}, payload()), "algorithm"),
        (by_hand(HEADER, payload()), "signature"),
        # the public key as a secret
        (ISSUED.confused(), "algorithm"),
        (ISSUED.confused("RS256"), "signature"),
        # an algorithm that the issuer may not use, or the key cannot
        (ISSUED.token("rsa", {"alg": "PS256"}), "algorithm"),
        (ISSUED.token("rsa", {"kid": "ec"}), "algorithm"),
        (ISSUED.token("ec", {"kid": "rsa"}), "algorithm"),
        # somebody else's signature
        (STRANGER.token("ec"), "signature"),
        (STRANGER.token("rsa"), "signature"),
        (STRANGER.token("ec", {"jwk": STRANGER.public("ec"), "jku": "https://evil.example"}),
         "signature"),
        (tampered(ISSUED.token("ec"), tenant="other"), "signature"),
        (tampered(ISSUED.token("rsa"), exp=10**11), "signature"),
        (ISSUED.token("ec")[:-4] + "AAAA", "signature"),
        # names of keys that lead somewhere
        (ISSUED.token("ec", {"kid": "../../../dev/null"}), "unknown_key"),
        (ISSUED.token("ec", {"kid": "' OR 1=1 --"}), "unknown_key"),
        (ISSUED.token("ec", {"kid": "ec\0"}), "unknown_key"),
        (ISSUED.token("ec", {"kid": ""}), "unknown_key"),
        (by_hand({"alg": "ES256", "kid": 7}, payload(), b"k"), "malformed"),
        (by_hand({"alg": "ES256", "kid": {"a": 1}}, payload(), b"k"), "malformed"),
        # extensions that must be understood
        (ISSUED.token("ec", {"crit": ["exp"], "exp": 1}), "malformed"),
        (ISSUED.token("ec", {"crit": ["b64"], "b64": True}), "malformed"),
        # for somebody else, by somebody else
        (ISSUED.token("ec", iss="https://id.shop.example/"), "issuer"),
        (ISSUED.token("ec", iss=None), "missing_claim"),
        (ISSUED.token("ec", aud="Order"), "audience"),
        (ISSUED.token("ec", aud=["other"]), "audience"),
        (ISSUED.token("ec", aud=None), "missing_claim"),
        (ISSUED.token("ec", exp=None), "missing_claim"),
        (ISSUED.token("ec", aud=[]), "missing_claim"),
        # no token
        ("", "malformed"),
        ("..", "malformed"),
        ("a.b.c", "malformed"),
        (ISSUED.token("ec") + ".x", "malformed"),
        (ISSUED.token("ec").replace(".", ".."), "malformed"),
        (" " + ISSUED.token("ec"), "malformed"),
        (by_hand([], payload(), b"k"), "malformed"),
        (f"{encoded(b'{' * 4000)}.e30.e30", "malformed"),
        (f"{encoded(b'[' * 9000)}.e30.e30", "malformed"),
        ("a" * TOKEN_BYTES_AT_MOST + ".b", "too_large"),
        (ISSUED.token("ec", {"pad": "x" * TOKEN_BYTES_AT_MOST}), "too_large"),
    ],
)  # fmt: skip
def test_what_is_no_token(token: str, why: str) -> None:
    assert problem(token) == why


@pytest.mark.parametrize(
    "claims", [b"[]", b"7", b"{", b"[" * 5000, b'{"exp":' + b"9" * 5000 + b"}"]
)
def test_claims_that_are_none(claims: bytes) -> None:
    header = {"alg": "ES256", "kid": "ec"}
    text = f"{encoded(header)}.{encoded(claims)}"
    signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(
        text.encode(), ISSUED.ec
    )
    assert problem(f"{text}.{encoded(signature)}") in {"malformed", "missing_claim"}


@given(st.binary(max_size=300))
def test_any_bytes_are_no_token(token: bytes) -> None:
    assert problem(token) != ""


@given(st.data())
def test_no_token_with_a_changed_byte_is_believed(data: st.DataObject) -> None:
    token = bytearray(ISSUED.token("ec").encode())
    place = data.draw(st.integers(0, len(token) - 1))
    token[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != token[place]))
    assert problem(bytes(token)) != ""


def test_the_claims_are_those_of_the_token() -> None:
    claims = KEYS.verify(ISSUED.token(tenant="t").encode(), ALGORITHMS, ISSUER, (AUDIENCE,))
    assert claims == payload(tenant="t")


# --- key sets


def keys_of(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_keys_are_used_for_what_their_type_and_their_owner_allow() -> None:
    def sign(key: Any, algorithm: str) -> bytes:
        return jwt.encode(payload(), key, algorithm=algorithm, headers={"kid": "k"}).encode()

    for key, members, wanted, refused in (
        (ISSUED.rsa, ISSUED.public("rsa"), "PS512", ()),
        (ISSUED.rsa, ISSUED.public("rsa", alg="PS512"), "PS512", ("RS256",)),
        (ISSUED.ec, ISSUED.public("ec", key_ops=["verify"]), "ES256", ()),
    ):
        keys = parse_key_set(keys_of({**members, "kid": "k"}))
        everything = ("PS512", "RS256", "ES256", "EdDSA")
        assert keys.verify(sign(key, wanted), everything, ISSUER, (AUDIENCE,))
        for algorithm in refused:
            with pytest.raises(NoToken, match="algorithm"):
                keys.verify(sign(key, algorithm), everything, ISSUER, (AUDIENCE,))


def test_ed25519() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key()))
    keys = parse_key_set(keys_of(public))
    token = jwt.encode(payload(), key, algorithm="EdDSA").encode()
    assert keys.verify(token, ("EdDSA",), ISSUER, (AUDIENCE,))["tenant"] == "acme"


def test_keys_that_cannot_be_used_are_left_out() -> None:
    small = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - is to be refused
    other_curve = ec.generate_private_key(ec.SECP256K1()).public_key()
    found = parse_key_set(
        keys_of(
            ISSUED.public("ec"),
            ISSUED.public("ec", use="enc"),
            ISSUED.public("ec", key_ops=["sign"]),
            ISSUED.public("ec", alg="RS256"),
            ISSUED.public("ec", kid=7),
            {**ISSUED.public("ec"), "x": "AAAA"},
            {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
            {"kty": "new"},
            {},
            7,
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(small)),
            json.loads(jwt.algorithms.ECAlgorithm.to_jwk(other_curve)),
        )
    )
    assert len(found) == 1


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "there is no list 'keys'"),
        (b'{"keys": {}}', "there is no list 'keys'"),
        (b'{"keys": []}', "no public key that a signature can be checked with"),
        (keys_of({"kty": "oct", "k": "c2VjcmV0"}), "no public key"),
        (keys_of({**ISSUED.public("ec"), "d": "hunter2"}), "key 1 is a private key"),
        (keys_of(*[7] * 201), "it has 201 keys"),
    ],
)
def test_what_is_no_key_set(data: bytes, message: str) -> None:
    with pytest.raises(BadKeySet) as raised:
        parse_key_set(data)
    assert message in str(raised.value)
    assert "hunter2" not in str(raised.value)


@given(st.binary(max_size=100))
def test_any_bytes_are_no_key_set(data: bytes) -> None:
    with pytest.raises(BadKeySet):
        parse_key_set(data)


def test_a_token_that_names_no_key_must_leave_no_choice() -> None:
    keys = parse_key_set(keys_of(ISSUED.public("ec", kid="a"), STRANGER.public("ec", kid="b")))
    token = ISSUED.token("ec", {"kid": None}).encode()
    with pytest.raises(NoToken, match="unknown_key"):
        keys.verify(token, ALGORITHMS, ISSUER, (AUDIENCE,))
