"""Tokens on the path: verified once, timed on each request, remembered within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.json_web_keys import NoToken, parse_key_set
from sidecar.model.http import RequestHead
from sidecar.model.verdict import ADMIT, Respond
from sidecar.policies import token as module
from sidecar.policies.token import KeyHolder, TokenCheck, Tokens, TokenSettings
from tests.policies.issuing import AUDIENCE, ISSUER, NOW, Issuer

ISSUED = Issuer()
KEYS = parse_key_set(ISSUED.key_set())
SETTINGS = TokenSettings(
    ISSUER,
    (AUDIENCE,),
    ("ES256", "RS256"),
    leeway=10.0,
    claims=("tenant", "roles", "a.b", "n", "f"),
)


class Counted:
    """Keys that count how often a signature is checked."""

    def __init__(self) -> None:
        self.verified = 0

    def verify(self, *asked: Any) -> Mapping[str, Any]:
        self.verified += 1
        return KEYS.verify(*asked)


def tokens_of(keys: Any = None, **settings: Any) -> Tokens:
    given = {name: getattr(SETTINGS, name) for name in TokenSettings.__slots__} | settings
    tokens = Tokens(TokenSettings(**given), KeyHolder(keys if keys is not None else KEYS))
    tokens.advance(NOW)
    return tokens


def showing(value: str | None, field: bytes = b"authorization") -> RequestHead:
    head = RequestHead("GET", b"/", 1)
    head.fields = {} if value is None else {field: value.encode()}
    return head


def bearer(**claims: Any) -> RequestHead:
    return showing(f"Bearer {ISSUED.token(**claims)}")


def answer(tokens: Tokens, head: RequestHead) -> tuple[int, str, str]:
    """Status, reason and problem of a refusal; nothing when there is none."""
    verdict = TokenCheck(tokens).peek(head, 0.0)
    if verdict is ADMIT:
        return (0, "", "")
    assert isinstance(verdict, Respond)
    reply = verdict.reply
    return (reply.status, reply.reason, str(reply.facts["problem"]))


@pytest.mark.parametrize("value", [None, "", "Basic YTpi", "Digest x", "Bearer", "bear x.y.z"])
def test_who_shows_no_token_goes_on_without_claims(value: str | None) -> None:
    tokens = tokens_of()
    assert answer(tokens, showing(value)) == (0, "", "")
    assert tokens.reader("tenant")(showing(value)) == b""
    assert TokenCheck(tokens).facts(showing(value), 0.0) == {"token": "none"}


def test_a_good_token_gives_its_claims() -> None:
    tokens = tokens_of()
    for scheme in ("Bearer", "bearer", "BEARER "):
        head = showing(f"{scheme} {ISSUED.token()}")
        assert answer(tokens, head) == (0, "", "")
        assert tokens.reader("tenant")(head) == b"acme"
    facts = TokenCheck(tokens).facts(bearer(), 0.0)
    assert facts == {"token": "valid", "seconds_left": 310.0}


@pytest.mark.parametrize(
    "claims, read",
    [
        ({"tenant": "größe"}, {"tenant": "größe".encode()}),
        ({"tenant": None}, {"tenant": b""}),
        ({"tenant": ["a", "b"]}, {"tenant": b"a, b"}),
        ({"tenant": ["a", {}]}, {"tenant": b""}),
        ({"tenant": {"a": "b"}}, {"tenant": b""}),
        ({"n": 7, "f": True}, {"n": b"7", "f": b"true"}),
        ({"a": {"b": "c"}}, {"a.b": b"c"}),
        ({"a.b": "d", "a": {"b": "c"}}, {"a.b": b"d"}),
        ({"a": "b"}, {"a.b": b""}),
        ({"tenant": "x" * 5000}, {"tenant": b""}),
        ({"tenant": "\ud800"}, {"tenant": b"?"}),
    ],
)
def test_claims_as_values(claims: dict[str, Any], read: dict[str, bytes]) -> None:
    tokens, head = tokens_of(), bearer(**claims)
    assert answer(tokens, head) == (0, "", "")
    assert {name: tokens.reader(name)(head) for name in read} == read


def test_a_bad_token_is_refused_and_gives_no_claims() -> None:
    tokens = tokens_of()
    for head, problem in (
        (bearer(aud="other"), "audience"),
        (showing("Bearer x.y.z"), "malformed"),
        (showing("Bearer  "), "malformed"),
        (showing(f"Bearer {ISSUED.token()}, Bearer {ISSUED.token()}"), "malformed"),
        (showing(f"Bearer {ISSUED.confused()}"), "algorithm"),
        (bearer(header={"kid": "x"}), "unknown_key"),
        (bearer(exp="soon"), "malformed"),
        (bearer(exp=True), "malformed"),
        (bearer(exp=10**400), "malformed"),
        (bearer(exp=float("nan")), "malformed"),
        (bearer(nbf="yesterday"), "malformed"),
    ):
        assert answer(tokens, head) == (401, "invalid_token", problem)
        assert tokens.reader("tenant")(head) == b""
        assert TokenCheck(tokens).facts(head, 0.0) == {"token": problem}
    verdict = TokenCheck(tokens).peek(showing("Bearer x"), 0.0)
    assert isinstance(verdict, Respond)
    assert verdict.reply.headers == ((b"WWW-Authenticate", b'Bearer error="invalid_token"'),)


@pytest.mark.parametrize(
    "claims, now, problem",
    [
        ({"exp": NOW}, NOW + 9.9, ""),
        ({"exp": NOW}, NOW + 10, "expired"),
        ({"exp": NOW + 0.5}, NOW + 10.4, ""),
        ({"nbf": NOW}, NOW - 10, ""),
        ({"nbf": NOW}, NOW - 10.1, "not_yet_valid"),
        ({"nbf": NOW + 1, "exp": NOW}, NOW, ""),
    ],
)
def test_times_are_those_of_the_moment(claims: dict[str, Any], now: float, problem: str) -> None:
    tokens = tokens_of()
    head = bearer(**claims)
    # Whatever was found out before does not count.
    for moment in (0.0, NOW, 1e11, now):
        tokens.advance(moment)
        tokens.of(head)
    assert answer(tokens, head)[2] == problem
    assert bool(tokens.reader("tenant")(head)) is not bool(problem)


def test_a_token_is_verified_once_whatever_it_is() -> None:
    keys = Counted()
    tokens = tokens_of(keys)
    good, bad = f"Bearer {ISSUED.token()}", "Bearer x.y.z"
    for _ in range(3):
        for value in (good, bad):
            head = showing(value)
            tokens.reader("tenant")(head)
            answer(tokens, head)
    assert keys.verified == 2


def test_other_keys_have_every_token_verified_anew() -> None:
    tokens, stranger = tokens_of(), Issuer()
    head, theirs = bearer(), showing(f"Bearer {stranger.token()}")
    assert [answer(tokens, one)[0] for one in (head, theirs)] == [0, 401]
    tokens.holder.replace(parse_key_set(stranger.key_set()))
    assert [answer(tokens, one)[0] for one in (head, theirs)] == [401, 0]
    assert tokens.reader("tenant")(head) == b""


def test_an_unknown_key_is_asked_for_and_not_remembered() -> None:
    keys = Counted()
    tokens = tokens_of(keys)
    head = bearer(header={"kid": "new"})
    missed = [tokens.holder.missed]
    answer(tokens, head)
    answer(tokens, showing(head.fields[b"authorization"].decode()))
    assert [*missed, tokens.holder.missed] == [False, True]
    assert keys.verified == 2


def test_without_keys_nobody_is_to_blame() -> None:
    tokens = Tokens(SETTINGS, KeyHolder())
    assert answer(tokens, bearer()) == (503, "token_keys_missing", "no_keys")
    assert answer(tokens, showing(None)) == (0, "", "")
    assert tokens.holder.missed
    tokens.holder.replace(KEYS)
    tokens.advance(NOW)
    assert answer(tokens, bearer()) == (0, "", "")


def test_a_library_that_stumbles_is_no_admission() -> None:
    class Broken:
        def verify(self, *_: Any) -> Mapping[str, Any]:
            raise ZeroDivisionError

    assert answer(tokens_of(Broken()), bearer()) == (401, "invalid_token", "malformed")


def test_a_field_of_its_own_holds_the_token_alone() -> None:
    tokens = tokens_of(field=b"x-jwt")
    for value in (ISSUED.token(), f"Bearer {ISSUED.token()}"):
        assert tokens.reader("tenant")(showing(value, b"x-jwt")) == b"acme"
    assert answer(tokens, showing("Basic x", b"x-jwt"))[0] == 401
    assert answer(tokens, bearer()) == (0, "", "")


class Named:
    """Believes every token, in which the tenant stands openly."""

    def verify(self, token: bytes, *_: Any) -> Mapping[str, Any]:
        if token.startswith(b"bad"):
            raise NoToken("signature")
        return {"tenant": token.decode(), "exp": NOW}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=60))
def test_memory_is_bounded_and_forgetting_changes_no_answer(
    shown: list[tuple[bool, int]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "VALID_AT_MOST", 5)
        patch.setattr(module, "INVALID_AT_MOST", 3)
        tokens = tokens_of(Named())
        for is_good, number in shown:
            name = f"{'good' if is_good else 'bad'}-{number}"
            head = showing(f"Bearer {name}")
            assert answer(tokens, head)[0] == (0 if is_good else 401)
            assert tokens.reader("tenant")(head) == (name.encode() if is_good else b"")
            assert len(tokens._valid) <= 5
            assert len(tokens._invalid) <= 3


def test_bad_tokens_push_out_no_good_ones() -> None:
    keys = Counted()
    tokens = tokens_of(keys)
    head = bearer()
    answer(tokens, head)
    for number in range(module.INVALID_AT_MOST + 10):
        answer(tokens, showing(f"Bearer {number}"))
    before = keys.verified
    answer(tokens, showing(head.fields[b"authorization"].decode()))
    assert keys.verified == before


def test_a_reload_verifies_again_only_what_would_be_verified_in_another_way() -> None:
    keys = Counted()
    first = tokens_of(keys)
    head = bearer()
    answer(first, head)
    for settings, verified in (({}, 1), ({"audience": (AUDIENCE, "b")}, 2), ({}, 3)):
        following = tokens_of(keys, **settings)
        TokenCheck(following).adopt(TokenCheck(first), 0.0)
        answer(following, showing(head.fields[b"authorization"].decode()))
        assert keys.verified == verified
        first = following
    replaced = tokens_of(Counted())
    TokenCheck(replaced).adopt(TokenCheck(first), 0.0)
    answer(replaced, head)
    assert replaced.holder.keys is not keys
    assert getattr(replaced.holder.keys, "verified", 0) == 1


def test_asking_leaves_no_trace_in_an_answer() -> None:
    tokens = tokens_of()
    check, head = TokenCheck(tokens), bearer()
    assert [check.peek(head, now) for now in (0.0, inf, 0.0)] == [ADMIT] * 3
    assert check.take(head, 0.0) == 0
