"""Four sidecars in a row: where a span is kept, everything above it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from tests.integration.chain_services import HOPS, READY
from tests.servers.processes import Process
from tests.servers.sidecar import SidecarProcess, SidecarStarter

REQUESTS = 240
AT_A_TIME = 8
#: Every way to fail, at every depth, hidden by those above or not; and as many that go well.
HOW = ["error", "reset", "half", "once"]


@pytest.fixture
def folder() -> Iterator[Path]:
    # The path of a Unix socket has little more than 100 bytes.
    path = Path(tempfile.mkdtemp(prefix="chain-"))
    yield path
    shutil.rmtree(path)


def rule_text(folder: Path, hop: int) -> str:
    bind = f"unix:{folder}/{hop}.in" if hop else "127.0.0.1:0"
    text: dict[str, Any] = {
        "format": "sidecar/v1",
        "service": f"hop{hop}",
        "listeners": {
            "inbound": {"bind": bind},
            "outbound": {"bind": f"unix:{folder}/{hop}.out"},
        },
        "upstreams": {
            "app": {"targets": [f"unix:{folder}/{hop}.app"]},
            "next": {"targets": [f"unix:{folder}/{hop + 1}.in"]},
        },
        "retries": [{"name": "again", "upstream": "next", "on": [503], "at_most": 1}],
        # Every other one takes its caller for a stranger: that must not matter.
        "trust": {"callers": ["unix"] if hop % 2 else []},
        "telemetry": {"logs": {"file": "stdout"}, "traces": {"sample": "1%", "slow": "1h"}},
    }
    return json.dumps(text)


async def drive(url: str, random: Random) -> None:
    """Send every request, some at a time."""
    plans = [*itertools.product(range(HOPS), HOW, ["", "&hidden="])]
    numbers = iter(range(REQUESTS))
    async with aiohttp.ClientSession() as session:

        async def client() -> None:
            for number in numbers:
                at, how, hidden = random.choice(plans)
                at = at if number % 2 else HOPS
                query = f"id={number}&at={at}&how={how}{hidden}"
                # An answer that breaks off, or does not come, is what some of them get.
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{url}/?{query}") as answer:
                        assert "x-sidecar-trace" not in answer.headers
                        await answer.read()

        await asyncio.gather(*[client() for _ in range(AT_A_TIME)])


def lines_of(sidecar: SidecarProcess) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in sidecar.log.splitlines() if line.startswith("{")]
    return [one for one in told if one["event_name"] == "sidecar.request"]


#: Why the spans at a place of a trace are kept, from the first listener on; empty where none is.
Way = dict[int, set[str]]


def ways(sidecars: list[SidecarProcess]) -> dict[str, Way]:
    """Every trace by its id."""
    found: dict[str, Way] = defaultdict(lambda: defaultdict(set))
    for hop, sidecar in enumerate(sidecars):
        for line in lines_of(sidecar):
            place = 2 * hop + (line["sidecar.listener"] == "outbound")
            found[line["trace_id"]][place] |= {line.get("sidecar.trace.kept", "")} - {""}
    return found


async def test_every_ancestor_of_a_kept_span_is_kept(
    folder: Path, sidecar_process: SidecarStarter
) -> None:
    command = [sys.executable, "-m", "tests.integration.chain_services", str(folder)]
    with Process("services", command, folder / "services.log") as services:
        services.wait_until_ready(lambda: READY in services.log, READY)
        sidecars = [
            await asyncio.to_thread(sidecar_process, rule_text(folder, hop))
            for hop in reversed(range(HOPS))
        ][::-1]
        await drive(sidecars[0].url, Random(5))
        for sidecar in sidecars:
            assert await asyncio.to_thread(sidecar.stop) == 0
    traces = ways(sidecars)
    assert len(traces) == REQUESTS
    broken = {
        trace: way
        for trace, way in traces.items()
        for place in way
        if way[place] and not all(way[above] for above in range(place))
    }
    assert not broken
    deep = [way for way in traces.values() if any(way[place] for place in range(4, 2 * HOPS))]
    assert len(deep) > REQUESTS // 20
    quiet = [way for way in traces.values() if not any(way.values())]
    # Half of the requests go well, of which one in a hundred is sampled.
    assert len(quiet) > REQUESTS * 0.4
