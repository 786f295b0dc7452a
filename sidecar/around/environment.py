"""What a service that need not change learns from its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sidecar.ruleset.directions import OUTBOUND, local

#: Hosts that are called directly: the service's own machine, on which the sidecar is too.
_DIRECTLY: Final = ("localhost", "127.0.0.1", "::1")
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def environment_for(
    inherited: Mapping[str, str], addresses: Mapping[str, str], port: int
) -> dict[str, str]:
    """The environment of the service: what is inherited, and where to listen and to call.

    ``addresses`` are those of the sidecar's listeners by name; ``port`` is where the service is
    to listen, 0 when that is no TCP port. What is set here wins over what is inherited.
    """
    given = dict(inherited)
    if port:
        given["PORT"] = str(port)
    outbound = _url(addresses.get(OUTBOUND, ""))
    if outbound:
        given["HTTP_PROXY"] = given["http_proxy"] = outbound
        direct = ",".join([*_listed(inherited), *_DIRECTLY])
        given["NO_PROXY"] = given["no_proxy"] = direct
    for name, address in addresses.items():
        url = _url(address)
        if name.startswith(local("")) and url:
            given[variable_of(name.removeprefix(local("")))] = url
    return given


def variable_of(upstream: str) -> str:
    """The variable that holds an upstream's URL: ``INVENTORY_URL``."""
    return re.sub("[^A-Z0-9]", "_", upstream.upper()) + "_URL"


def _listed(inherited: Mapping[str, str]) -> list[str]:
    """The hosts that were to be called directly before, those added here left out."""
    before = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
    hosts = [host.strip() for host in before.split(",")]
    return [host for host in hosts if host and host not in _DIRECTLY]


def _url(address: str) -> str:
    """Empty for what cannot be called by URL: a Unix socket, or nothing at all."""
    if not address or address.startswith("unix:"):
        return ""
    host, _, port = address.rpartition(":")
    return f"http://{_WILDCARDS.get(host, host)}:{port}"
