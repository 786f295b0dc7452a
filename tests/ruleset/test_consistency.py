from __future__ import annotations

import pytest

from sidecar.ruleset.consistency import check_consistency
from sidecar.ruleset.document import load
from sidecar.ruleset.parts import salvage
from sidecar.ruleset.screen import screen


def _found(text: str) -> list[tuple[str, str]]:
    document = load(text, "a")
    screened = screen(document)
    assert screened.diagnostics == []
    found = check_consistency(salvage(screened), document)
    lines = document.lines
    return [
        (one.code, lines[one.line - 1][one.column - 1 : one.column - 1 + one.length])
        for one in found
    ]


@pytest.mark.parametrize(
    "text",
    [
        "upstreams: {a: {url: 'https://a', tls: {ca: x, cert: c, key: k}}}",
        "upstreams: {a: {url: 'unix:/a', tls: {}}}",
        "upstreams: {a: {targets: ['a:1', 'b:1'], tls: {verify: false}}}",
        "timeouts: {request: 20s, per_try: 20s}",
        "timeouts: {request: 2s}",
        "timeouts: {per_try: 20s}\nroutes: [{name: a, timeouts: {request: 1s}}]",
        "timeouts: {request: 1m}\nroutes: [{name: a, timeouts: {per_try: 45s}}]",
        "keys: {a: {from: header, name: x, believe: callers}, b: {from: path, segment: 1}}",
        "routes: [{name: a, match: {header: {Host: a, X-Forwarded: b}}}]",
    ],
)
def test_what_goes_together(text: str) -> None:
    assert _found(text) == []


@pytest.mark.parametrize(
    "text, code, shown",
    [
        ("upstreams: {a: {balance: round_robin}}", "incomplete", "a"),
        ("upstreams: {a: {url: 'http://b:1', targets: ['b:1']}}", "conflict", "targets"),
        ("upstreams: {a: {targets: ['b:1', 'b:1']}}", "conflict", "targets"),
        ("upstreams: {a: {url: 'http://b:1', tls: {}}}", "conflict", "tls"),
        ("upstreams: {a: {url: 'https://b', tls: {key: k}}}", "incomplete", "key"),
        ("upstreams: {a: {url: 'https://b', tls: {cert: c}}}", "incomplete", "cert"),
        ("timeouts: {request: 1s, per_try: 2s}", "per-try-too-long", "2s"),
        ("timeouts: {per_try: 31s}", "per-try-too-long", "31s"),
        ("timeouts: {request: 1s}\nroutes: [{name: a, timeouts: {per_try: 2s}}]",
         "per-try-too-long", "2s"),
        ("timeouts: {request: 1s}\nupstreams: {a: {url: 'http://b', timeouts: {per_try: 2s}}}",
         "per-try-too-long", "2s"),
        ("keys: {a: {from: query}}", "incomplete", "a"),
        ("keys: {a: {from: path}}", "incomplete", "a"),
        ("keys: {a: {from: query, name: x, segment: 1}}", "conflict", "segment"),
        ("keys: {a: {from: path, segment: 1, name: x}}", "conflict", "name"),
        ("keys: {a: {from: query, name: x, believe: anyone}}", "conflict", "believe"),
        ("keys: {a: {from: query, name: x, or: b, default: c}}", "conflict", "default"),
        ("keys: {a: {from: header, name: 'x y'}}", "bad-header-name", "'x y'"),
        ("keys: {a: {from: header, name: TE}}", "closed-header", "TE"),
        ("routes: [{name: a, match: {header: {Upgrade: x}}}]", "closed-header", "Upgrade"),
        ("rate_limits: [{name: a, limit: bad, match: {header: {Via: x}}}]", "closed-header", "Via"),
    ],
)  # fmt: skip
def test_what_does_not(text: str, code: str, shown: str) -> None:
    assert _found(text) == [(code, shown)]


def test_a_listener_with_tls() -> None:
    listener = "listeners: {{inbound: {{bind: '127.0.0.1:80', tls: {{cert: c, key: k, {}}}}}}}"
    good = listener.format("client_ca: a, client_certificate: require")
    assert _found(good) == []
    assert _found(listener.format("client_certificate: request")) == [("incomplete", "tls")]
    assert _found(listener.format("client_ca: a")) == [("incomplete", "client_ca")]
