"""What is counted is what was: the driver's own counts, and those of the upstream, say the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from typing import Any

from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer, Connection
from tests.integration.clients.crowd import Crowd
from tests.integration.rule_text import rules
from tests.integration.running import ended, take_over
from tests.integration.scripted import answer, upstream
from tests.integration.telemetry.counted import Counted, page_of, summed
from tests.servers.prometheus import check_metrics
from tests.servers.sidecar import SidecarProcess, SidecarStarter

#: The service does so many at a time, each in so long.
SLOTS, SERVICE_SECONDS = 4, 0.005
QUICK = {"name": "quick", "good": {"faster_than": "1h"}, "target": "99%", "over": "1d"}
UP = {"name": "up", "good": {"status_below": 500, "not_shed": True}, "target": "99%", "over": "1d"}


class Service:
    """Slow, sometimes out of order, and good at counting."""

    def __init__(self, *statuses: str) -> None:
        self._statuses = cycle(statuses or ("200 OK",))
        self.asked: Counter[str] = Counter()

    async def __call__(
        self, _head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        status = next(self._statuses)
        self.asked[status] += 1
        await asyncio.sleep(SERVICE_SECONDS)
        writer.write(answer(status=status))
        return True


def get(target: str) -> Callable[[Connection], Any]:
    async def question(connection: Connection) -> Answer:
        return await connection.ask(target)

    return question


def overloaded(app: str, limit: str = "50/s", name: str = "bulk", **more: Any) -> str:
    """Rules that let through less than is asked for, in several ways."""
    queue = {"at_most": 2, "wait_at_most": "20ms"}
    return rules(
        app,
        concurrency=[{"name": name, "at_most": SLOTS, "queue": queue}],
        rate_limits=[{"name": "some", "match": {"path": "/limited"}, "limit": limit}],
        routes=[{"name": "limited", "match": {"path": "/limited"}}],
        slo=[UP, {**QUICK, "match": {"route": "limited"}}],
        **more,
    )


def crowd_at(address: str) -> Crowd:
    crowd = Crowd(address, pause_seconds=0.001)
    crowd.add("plain", 8, get("/plain"), keep_alive=True)
    crowd.add("limited", 4, get("/limited"), keep_alive=True)
    crowd.add("fresh", 2, get("/fresh"), keep_alive=False)
    return crowd


def statuses(crowd: Crowd) -> Counter[int]:
    assert crowd.failures == []
    return summed(notes.statuses for notes in crowd.notes.values())


def judge(pages: list[bytes], crowd: Crowd, service: Service) -> None:
    """The driver, the upstream and the pages agree."""
    counted, met = Counted(*pages), statuses(crowd)
    assert counted.answers == met
    assert counted.tries == service.asked.total()
    refused = met.total() - service.asked.total()
    assert refused > 0
    assert counted.total("sidecar_decisions_total", outcome="refused", mode="enforce") == refused
    of_all = counted.by("sidecar_slo_requests_total", "outcome", slo="up")
    assert of_all == Counter({("good",): met[200], ("shed",): refused})
    limited = crowd.notes["limited"].statuses
    of_limited = counted.by("sidecar_slo_requests_total", "outcome", slo="quick")
    assert of_limited == +Counter(
        {("good",): limited[200], ("shed",): limited.total() - limited[200]}
    )


async def at_rest(sidecar: SidecarProcess) -> None:
    await eventually(lambda: metric(sidecar, "sidecar_requests_in_flight") == 0, "all answered")


async def reloaded(sidecar: SidecarProcess, times: int) -> None:
    name = "sidecar_rules_reloads_total"
    await eventually(lambda: metric(sidecar, name, result="success") >= times, "the new rules")


async def test_under_overload_and_over_reloads(sidecar_process: SidecarStarter) -> None:
    service = Service()
    async with upstream(service) as app:
        sidecar = await asyncio.to_thread(sidecar_process, overloaded(app))
        crowd = crowd_at(sidecar.address)
        async with crowd.at_work():
            for number in range(4):
                await asyncio.sleep(0.3)
                text = overloaded(app, limit=f"{60 + number}/s", name=f"b-{number}")
                sidecar.write_rules(text)
                await reloaded(sidecar, number + 2)
        await at_rest(sidecar)
        page = await asyncio.to_thread(page_of, sidecar)
    judge([page], crowd, service)
    assert Counted(page).by("sidecar_decisions_total", "rule", kind="concurrency").keys() >= {
        ("bulk",), ("b-3",)
    }  # fmt: skip
    await asyncio.to_thread(check_metrics, page)


async def test_retries_and_fallbacks(sidecar_process: SidecarStarter) -> None:
    service = Service("200 OK", "503 Busy", "503 Busy", "503 Busy", "200 OK")
    again = {"name": "again", "at_most": 1, "on": [503], "backoff": {"first": "1ms"},
             "budget": {"at_most": "100%", "at_least": 100}}  # fmt: skip
    instead = {"name": "instead", "when": "any", "match": {"path": "/instead"},
               "try": [{"serve": "static", "body": {"text": "later"}}]}  # fmt: skip
    async with upstream(service) as app:
        text = rules(app, retries=[again], fallbacks=[instead], slo=[UP])
        sidecar = await asyncio.to_thread(sidecar_process, text)
        crowd = Crowd(sidecar.address, pause_seconds=0.001)
        for target in ("/plain", "/instead"):
            crowd.add(target, 4, get(target), keep_alive=True)
        async with crowd.at_work():
            await asyncio.sleep(1)
        await at_rest(sidecar)
        page = await asyncio.to_thread(page_of, sidecar)
    counted, met = Counted(page), statuses(crowd)
    assert counted.answers == met
    by_status = counted.by(
        "http_client_request_duration_seconds_count", "http_response_status_code"
    )
    assert by_status == Counter(
        {(status[:3],): count for status, count in service.asked.items()}
    )  # fmt: skip
    repeated = service.asked.total() - met.total()
    assert repeated > 0
    assert counted.total("sidecar_upstream_retries_total") == repeated
    gone_wrong = crowd.notes["/plain"].statuses[503]
    assert gone_wrong > 0
    assert counted.judged == Counter(good=met[200], bad=gone_wrong)
    answered = counted.total("sidecar_fallback_answers_total", step="1-static")
    assert 0 < answered == service.asked["503 Busy"] - gone_wrong - repeated


async def test_both_processes_of_a_hand_over_together(sidecar_process: SidecarStarter) -> None:
    service = Service()
    async with upstream(service) as app:
        old = await asyncio.to_thread(sidecar_process, overloaded(app))
        crowd = crowd_at(old.address)
        async with crowd.at_work():
            await asyncio.sleep(0.3)
            new = await take_over(old, sidecar_process, overloaded(app))
            await asyncio.sleep(0.3)
        assert await ended(old) == 0
        await at_rest(new)
        page = await asyncio.to_thread(page_of, new)
        last = (new.state_dir / "metrics.before").read_bytes()
    judge([last, page], crowd, service)
