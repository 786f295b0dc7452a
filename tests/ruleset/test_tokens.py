"""``trust.jwt`` in a rule file: what its rules then know of tokens."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from sidecar.model.policy import Mode
from sidecar.policies.token import KeyHolder
from sidecar.ruleset.check import check
from sidecar.ruleset.compiler import adopt, compile_rules
from sidecar.ruleset.controls import Control, Controls, What
from sidecar.ruleset.folder import Folder
from sidecar.ruleset.routes import RuleSet
from sidecar.ruleset.surroundings import Surroundings
from sidecar.ruleset.tokens import TOKEN_RULE
from tests.policies.building import World
from tests.policies.issuing import AUDIENCE, ISSUER, NOW, Issuer
from tests.ruleset.compiled import (
    compiled,
    count_anything,
    enforced,
    refusal,
    request,
    rule_file,
)

ISSUED = Issuer()
TRUST = f"trust: {{jwt: {{issuer: '{ISSUER}', audience: {AUDIENCE}, jwks: {{JWKS}}}}}}\n"
KEYS = """\
keys: {tenant: {from: jwt, claim: tenant, default: none}}
access: [{name: acme, match: {path: /acme}, allow: {tenant: acme}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "jwks.json").write_bytes(ISSUED.key_set())
    return Folder(tmp_path)


def with_file(folder: Folder, rest: str = KEYS, before: RuleSet | None = None) -> RuleSet:
    text = rule_file(TRUST.replace("JWKS", "file: jwks.json") + rest)
    found = check(text, "shop.yaml", folder)
    assert found.file is not None, found.diagnostics
    around = Surroundings(
        folder.base, count_anything, Controls(), found.attachments, wall=lambda: NOW
    )
    rules = compile_rules(found.file, found.document, around, before)
    if before is not None:
        adopt(rules, before, 0.0)
    return rules


def with_url(url: str, before: RuleSet | None = None, refresh: str = "5m") -> RuleSet:
    text = rule_file(TRUST.replace("JWKS", f"url: '{url}', refresh: {refresh}, ca: ca.pem"))
    return compiled(text, before)


def test_claims_are_values_of_keys_and_bad_tokens_are_refused_first(folder: Folder) -> None:
    rules = with_file(folder)
    token = ISSUED.token(tenant="acme")
    assert enforced(rules, request("/acme")) == ["trust/jwt", "access/acme"]
    for path, value, reason in (
        ("/acme", f"Bearer {token}", ""),
        ("/acme", f"Bearer {ISSUED.token(tenant='other')}", "access_denied"),
        ("/acme", f"Bearer {token}x", "invalid_token"),
        ("/", f"Bearer {token}x", "invalid_token"),
        ("/", "Basic x", ""),
    ):
        assert refusal(rules, request(path, authorization=value), 0.0) == reason, value
    assert refusal(rules, request("/acme"), 0.0) == "access_denied"


def test_the_field_is_read_from_everybody(folder: Folder) -> None:
    rules = with_file(folder)
    assert rules.names_unbelieved[b"Authorization"] == rules.names_believed[b"authorization"] != 0


def test_without_it_there_is_no_rule_and_no_look_at_the_field() -> None:
    rules = compiled(rule_file())
    assert rules.tokens is None
    assert rules.names_believed[b"authorization"] == 0
    assert enforced(rules, request()) == []


def test_operators_change_its_mode_like_any_other_rules() -> None:
    controls = Controls()
    controls.put(Control(What.OVERRIDE, "trust/*", "shadow", until=1.0))
    text = rule_file(TRUST.replace("JWKS", "url: 'https://id.example'"))
    rules = compiled(text, surroundings=Surroundings(PurePosixPath("/"), count_anything, controls))
    assert enforced(rules, request()) == []
    assert rules.rules["trust", "jwt"].mode is Mode.SHADOW
    assert rules.rules["trust", "jwt"].source.startswith("shop.yaml:")


def test_a_new_key_set_is_believed_at_once(folder: Folder) -> None:
    rules, stranger = with_file(folder), Issuer()
    theirs = request("/", authorization=f"Bearer {stranger.token()}")
    assert refusal(rules, theirs, 0.0) == "invalid_token"
    (folder.base / "jwks.json").write_bytes(stranger.key_set())
    following = with_file(folder, before=rules)
    assert refusal(following, theirs, 0.0) == ""
    assert refusal(rules, theirs, 0.0) == "invalid_token"


def test_tokens_stay_verified_over_a_reload(folder: Folder) -> None:
    rules = with_file(folder)
    asked = request("/", authorization=f"Bearer {ISSUED.token()}")
    assert rules.tokens is not None
    known = rules.tokens.of(asked)
    following = with_file(folder, KEYS + "rate_limits: [{name: a, limit: 5/s}]\n", rules)
    assert following.tokens is not None
    assert following.tokens.of(asked) is known


def test_fetched_keys_stay_for_as_long_as_their_url_does() -> None:
    rules = with_url("https://id.example/keys")
    assert rules.tokens is not None
    holder = rules.tokens.holder
    assert isinstance(holder, KeyHolder)
    assert holder.keys is None
    assert holder.source is not None
    assert (holder.source.refresh, holder.source.ca) == (300.0, "/etc/shop/ca.pem")
    following = with_url("https://id.example/keys", rules, "1m")
    assert following.tokens is not None
    assert following.tokens.holder is holder
    assert holder.source.refresh == 60.0
    other = with_url("https://id.example/other", following)
    assert other.tokens is not None
    assert other.tokens.holder is not holder


def test_the_rule_is_built_of_the_trust_section_alone() -> None:
    with pytest.raises(NotImplementedError):
        TOKEN_RULE.build(World().context())


def test_the_keys_in_a_file_are_those_of_rfc_7517(folder: Folder) -> None:
    (folder.base / "jwks.json").write_text(json.dumps({"keys": [{"kty": "oct", "k": "aGk"}]}))
    text = rule_file(TRUST.replace("JWKS", "file: jwks.json"))
    assert [one.code for one in check(text, "a", folder).diagnostics] == ["bad-file"]
