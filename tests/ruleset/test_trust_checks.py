"""Trust that cannot be had where the file listens."""

from __future__ import annotations

import pytest

from sidecar.ruleset.check import check
from tests.ruleset.compiled import rule_file

CALLERS = "trust: {callers: [{certificate: web.example}]}\n"
TLS = "{bind: 127.0.0.1:8443, tls: {cert: c, key: k, client_ca: ca, client_certificate: WORD}}"


@pytest.mark.parametrize(
    "word, codes", [("none", {"incomplete"}), ("request", set()), ("require", set())]
)
def test_certificates_must_be_asked_for(word: str, codes: set[str]) -> None:
    inbound = TLS.replace("WORD", word)
    inbound = inbound.replace("client_ca: ca, ", "") if word == "none" else inbound
    found = check(rule_file(CALLERS, inbound=inbound), "a").diagnostics
    assert {one.code for one in found} == codes


def test_a_mistake_in_trust_does_not_hide_that_there_is_an_issuer() -> None:
    text = "trust: {jwt: {issuer: 7, audience: a, jwks: {url: https://id.example}}}\n"
    text += "keys: {tenant: {from: jwt, claim: tenant}}\naccess: [{name: a, deny: {tenant: b}}]\n"
    assert [one.code for one in check(rule_file(text), "a").diagnostics] == ["bad-text"]
