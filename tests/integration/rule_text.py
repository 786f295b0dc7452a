"""Rule files for tests: what most of them say alike is said here once."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.certificates import Certificate
from tests.servers.ports import Address


def rules(
    app: Address | dict[str, Any] | None,
    *,
    bind: str = "127.0.0.1:0",
    inbound: dict[str, Any] | None = None,
    **sections: Any,
) -> str:
    """A rule file in front of ``app``, an address or a whole upstream; JSON is YAML."""
    if not isinstance(app, dict):
        app = {"targets": [app or "127.0.0.1:9"]}
    logs: dict[str, Any] = {"telemetry": {"logs": {"file": "none"}}}
    return json.dumps(
        {
            "format": "sidecar/v1",
            "service": "test",
            "listeners": {"inbound": {"bind": bind, "to": "app", **(inbound or {})}},
            "upstreams": {"app": app},
            **logs,
            **sections,
        },
        indent=1,
    )


def tls_rules(app: str, certificate: Certificate, **tls: str) -> str:
    """Rules of a listener that speaks TLS; ``tls`` is what else they say of it."""
    spec = {"cert": str(certificate.cert), "key": str(certificate.key), **tls}
    return rules(app, inbound={"tls": spec})


def by_path(upstreams: dict[str, dict[str, Any]]) -> str:
    """Rules that send each path to the upstream of its name."""
    routes = [{"name": name, "match": {"path": f"/{name}"}, "upstream": name} for name in upstreams]
    return rules(None, upstreams={"app": {"targets": ["127.0.0.1:9"]}, **upstreams}, routes=routes)
