"""Traces of real sidecars, read back from their memory as operators do."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest

from tests.integration.clients.connection import ask
from tests.integration.documented import Service
from tests.integration.rule_text import rules
from tests.servers.sidecar import SidecarStarter

pytestmark = [pytest.mark.integration, pytest.mark.alone]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_SECONDS = 30.0


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that looks for sidecars by itself, run to its end."""
    names = {"SIDECAR_STATE_DIR", "SIDECAR_ADMIN_SOCKET"}
    here = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [sys.executable, "-m", "sidecar", *arguments],
        env={**here, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


async def test_what_two_sidecars_remember_is_one_picture(
    sidecar_process: SidecarStarter, service: Service
) -> None:
    # Every sidecar of the machine is asked, other tests' too: names that nobody else has.
    below = await asyncio.to_thread(sidecar_process, rules(service.address, service="depot"))
    limits = [{"name": "once", "limit": "1/m", "burst": 1}]
    above = await asyncio.to_thread(
        sidecar_process, rules(below.address, service="kiosk", rate_limits=limits)
    )
    fields = [("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")]
    assert (await ask(above.address, "/orders", fields=fields)).status == 200
    refused = await ask(above.address, "/orders", fields=fields)
    assert refused.status == 429

    drawn = await asyncio.to_thread(command, "trace", TRACE)
    assert drawn.returncode == 0, drawn.stderr
    lines = drawn.stdout.splitlines()
    assert lines[0] == f"trace {TRACE}"
    assert "5 spans of 2 services" in lines[1]
    names = [line.partition("━")[0].partition("╸")[0].rstrip() for line in lines[4:]]
    for name in ("kiosk GET other", "└ → GET app", "  └ depot GET other", "    └ → GET app"):
        assert any(one.startswith(name) for one in names), drawn.stdout
    assert "rate_limits/once refused" in drawn.stdout
    assert "429 rate_limited" in drawn.stdout
    assert max(map(len, lines)) <= 80

    # The refusal's id, as its client was told it.
    decision = refused.field("x-sidecar-decision")
    told = await asyncio.to_thread(command, "trace", decision, "--format", "json")
    spans = json.loads(told.stdout)["spans"]
    by_id = {one["span_id"]: one for one in spans}
    chain = [max(spans, key=lambda one: int(one["depth"]))]
    while chain[-1]["parent_id"] in by_id:
        chain.append(by_id[chain[-1]["parent_id"]])
    assert [(one["resource"]["service.name"], one["kind"]) for one in chain] == [
        ("depot", "client"), ("depot", "server"), ("kiosk", "client"), ("kiosk", "server"),
    ]  # fmt: skip

    listed = await asyncio.to_thread(command, "traces", "list", "--of", "depot", "--json")
    assert TRACE in [one["id"] for one in json.loads(listed.stdout)]
