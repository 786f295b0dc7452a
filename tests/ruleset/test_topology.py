from __future__ import annotations

import pytest

from sidecar.ruleset.document import load
from sidecar.ruleset.parts import salvage
from sidecar.ruleset.screen import screen
from sidecar.ruleset.topology import check_topology


def _found(text: str) -> list[tuple[str, str]]:
    document = load(text, "a")
    screened = screen(document)
    assert screened.diagnostics == []
    found = check_topology(salvage(screened), document)
    lines = document.lines
    return [
        (one.message, lines[one.line - 1][one.column - 1 : one.column - 1 + one.length])
        for one in found
    ]


def _listening(inbound: str, outbound: str = "127.0.0.1:15001") -> str:
    return f"listeners: {{inbound: {{bind: '{inbound}'}}, outbound: {{bind: '{outbound}'}}}}\n"


@pytest.mark.parametrize(
    "text",
    [
        _listening("127.0.0.1:80") + "upstreams: {a: {url: 'http://10.0.0.1:80'}}",
        _listening("0.0.0.0:80") + "upstreams: {a: {url: 'http://10.0.0.1:80'}}",
        _listening("127.0.0.1:0", "127.0.0.1:0") + "telemetry: {prometheus: {bind: '127.0.0.1:0'}}",
        _listening("127.0.0.1:80", "127.0.0.2:80"),
        _listening("127.0.0.1:0") + "upstreams: {app: {url: 'http://127.0.0.1:0'}}",
        _listening("unix:/a", "unix:/b") + "upstreams: {a: {url: 'unix:/c', local: 'unix:/d'}}",
        "upstreams: {a: {url: 'http://x', hosts: [a, b, 'b:80']}, c: {url: 'http://y', hosts: x}}",
        "upstreams: {a: {url: 'http://x', hosts: 'b:1'}, c: {url: 'http://x', hosts: ['b:2', b]}}",
    ],
)
def test_what_goes_together(text: str) -> None:
    assert _found(text) == []


@pytest.mark.parametrize(
    "text, message, shown",
    [
        (_listening("127.0.0.1:80") + "upstreams: {a: {targets: '127.0.0.1:80'}}",
         "upstream 'a' is this sidecar itself: it listens on 127.0.0.1:80", "targets"),
        (_listening("0.0.0.0:80") + "upstreams: {a: {url: 'http://localhost'}}",
         "upstream 'a' is this sidecar itself: it listens on 0.0.0.0:80", "url"),
        (_listening("unix:/a") + "upstreams: {a: {url: 'unix:/a'}}",
         "upstream 'a' is this sidecar itself: it listens on unix:/a", "url"),
        (_listening("127.0.0.1:80", "127.0.0.1:81") + "upstreams: {a: {url: 'http://127.0.0.1:81'}}",
         "upstream 'a' is this sidecar itself: it listens on 127.0.0.1:81", "url"),
        (_listening("127.0.0.1:80", "127.0.0.1:80"),
         "127.0.0.1:80 is taken by listeners.inbound", "bind"),
        (_listening("127.0.0.1:80", "0.0.0.0:80"),
         "0.0.0.0:80 is taken by listeners.inbound", "bind"),
        (_listening("unix:/a") + "telemetry: {prometheus: {bind: 'unix:/a'}}",
         "unix:/a is taken by listeners.inbound", "bind"),
        (_listening("127.0.0.1:80") + "telemetry: {prometheus: {bind: '127.0.0.1:15001'}}",
         "127.0.0.1:15001 is taken by listeners.outbound", "bind"),
        (_listening("127.0.0.1:80") + "upstreams: {a: {url: 'http://b', local: '127.0.0.1:80'}}",
         "127.0.0.1:80 is taken by listeners.inbound", "local"),
        ("upstreams: {a: {url: 'http://x'}, b: {url: 'http://y', hosts: [c, A]}}",
         "host 'a' stands for upstream 'a' already", "A"),
        ("upstreams: {a: {url: 'http://x', hosts: '[::1]'}, b: {url: 'http://y', hosts: '[0::1]'}}",
         "host '[0::1]' stands for upstream 'a' already", "'[0::1]'"),
    ],
)  # fmt: skip
def test_what_does_not(text: str, message: str, shown: str) -> None:
    assert _found(text) == [(message, shown)]
