"""What may be written about tokens and certificates."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sidecar.ruleset.trust_sections import Caller, CertificateSpec, JwtSpec

GOOD: dict[str, Any] = {"issuer": "i", "audience": "a", "jwks": {"file": "keys.json"}}


def test_what_is_left_out() -> None:
    jwt = JwtSpec.model_validate(GOOD)
    assert (jwt.audience, jwt.algorithms) == (("a",), ("ES256", "RS256"))
    assert (jwt.header, jwt.leeway, jwt.jwks.refresh) == ("authorization", 10.0, 300.0)


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example",
        "https://id.example:8443/a/b?c=d",
        "http://127.0.0.1:9/keys",
        "https://[::1]:80/keys",
    ],
)
def test_urls(url: str) -> None:
    assert JwtSpec.model_validate({**GOOD, "jwks": {"url": url}}).jwks.url == url


@pytest.mark.parametrize(
    "url",
    [
        7, "", "id.example", "ftp://id.example/", "https://", "https:///keys", "https://a b/",
        "https://id.example:99999/", "https://id.example:0/", "https://[::1/", "file:///etc/passwd",
        "https://me@id.example/", "https://id.example/#a", "https://id.example/\nx", "https://ö/",
        "https://@id.example/",
    ],
)  # fmt: skip
def test_what_is_no_url(url: object) -> None:
    with pytest.raises(ValidationError) as raised:
        JwtSpec.model_validate({**GOOD, "jwks": {"url": url}})
    assert "bad-url" in {error["type"] for error in raised.value.errors()}


@pytest.mark.parametrize("word", ["HS256", "hs512", "none", "None", "RS1", "ES256K", 7, None])
def test_algorithms_that_are_refused(word: object) -> None:
    with pytest.raises(ValidationError) as raised:
        JwtSpec.model_validate({**GOOD, "algorithms": [word]})
    assert [error["type"] for error in raised.value.errors()] == ["unknown-word"]


def test_callers() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(tuple[Caller, ...])
    unix, network, certificate = adapter.validate_python(
        ["unix", "10.0.0.0/8", {"certificate": "web.example"}]
    )
    assert (unix, str(network)) == ("unix", "10.0.0.0/8")
    assert certificate == CertificateSpec(certificate="web.example")
    assert adapter.validate_python((certificate,)) == (certificate,)
