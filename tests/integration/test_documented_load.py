"""Who matters, who waits and who is turned away, as the pages about rules have it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest

from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer, Connection
from tests.integration.clients.crowd import Crowd, Question
from tests.integration.documented import (
    Service,
    answers,
    example,
    hastened,
    reason,
    rule,
    started,
    statuses,
    together,
)
from tests.servers.sidecar import SidecarStarter

#: Who waits how long depends on the machine having time for everybody.
pytestmark = pytest.mark.alone

CRAWLER = [("User-Agent", "a bot")]
CONCURRENCY = "`concurrency`: how many at a time"


def asks(method: str, target: str, *fields: tuple[str, str]) -> Question:
    async def question(connection: Connection) -> Answer:
        body = b"{}" if method == "POST" else b""
        return await connection.ask(target, method=method, fields=fields, body=body)

    return question


async def test_priorities(sidecar_process: SidecarStarter, service: Service) -> None:
    part = example("`priorities`: who matters most")
    part["trust"]["callers"] = ["127.0.0.1"]
    sidecar = await started(sidecar_process, service.address, part)
    assert (await statuses(sidecar, "/", 20, fields=CRAWLER))[429] >= 5
    assert await statuses(sidecar, "/orders", 20, method="POST", fields=CRAWLER) == {200: 20}
    assert await statuses(sidecar, "/", 20) == {200: 20}
    # "takes the word that the header says; with another word in it, goes on to the next entry"
    told = [*CRAWLER, ("X-Request-Priority", "high")]
    assert await statuses(sidecar, "/", 20, fields=told) == {200: 20}
    strange = [*CRAWLER, ("X-Request-Priority", "urgent")]
    assert (await statuses(sidecar, "/", 20, fields=strange))[429] >= 5


async def test_nobody_makes_himself_important(
    sidecar_process: SidecarStarter, service: Service
) -> None:
    part = example("`priorities`: who matters most")
    sidecar = await started(sidecar_process, service.address, part)
    told = [*CRAWLER, ("X-Request-Priority", "critical")]
    assert (await statuses(sidecar, "/", 20, fields=told))[429] >= 5
    assert not any(b"x-request-priority" in head.lower() for head in service.heads)


async def test_overload(sidecar_process: SidecarStarter, service: Service) -> None:
    part = example("`overload`: whom to turn away when there is too much to do")
    part["overload"][0].pop("cpu")
    part["concurrency"] = [{"name": "all", "at_most": 2, "queue": {"at_most": 99}}]
    part["concurrency"][0]["queue"]["wait_at_most"] = "2s"
    sidecar = await started(sidecar_process, service.address, part)
    service.seconds = 0.02
    crowd = Crowd(sidecar.address)
    crawlers = crowd.add("crawlers", 20, asks("GET", "/", *CRAWLER), keep_alive=True)
    checkout = crowd.add("checkout", 2, asks("POST", "/orders"), keep_alive=True)

    async def a_crawler_is_shed() -> bool:
        ratio = await asyncio.to_thread(
            metric, sidecar, "sidecar_overload_shed_ratio", priority="low"
        )
        return crawlers.statuses[503] > 3 and ratio > 0

    async with crowd.at_work():
        await eventually(a_crawler_is_shed, "low is shed")
    assert checkout.statuses.keys() == {200}
    assert metric(sidecar, "sidecar_overload_shed_ratio", priority="critical") == 0


class TestConcurrency:
    async def test_each_user_has_slots(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = rule(example(CONCURRENCY), "concurrency", "each-user")
        sidecar = await started(sidecar_process, service.address, part)
        service.seconds = 0.4
        ann, bob = ([("Cookie", f"user={name}")] for name in ("ann", "bob"))
        told, other = await asyncio.gather(
            together(sidecar, "/", 12, fields=ann), together(sidecar, "/", 8, fields=bob)
        )
        assert Counter(answer.status for answer in told) == {200: 8, 503: 4}
        [refused, *_] = [answer for answer in told if answer.status == 503]
        assert reason(refused) == "concurrency_limited"
        assert int(refused.field("retry-after")) >= 1
        assert {answer.status for answer in other} == {200}
        assert await statuses(sidecar, "/", 1, fields=ann) == {200: 1}

    async def test_the_queue(self, sidecar_process: SidecarStarter, service: Service) -> None:
        part = rule(example(CONCURRENCY), "concurrency", "whole-service")
        [whole] = part["concurrency"]
        whole.update(at_most=2)
        whole["queue"].update(at_most=3, wait_at_most="1s")
        sidecar = await started(sidecar_process, service.address, part)
        service.seconds = 0.3
        told = await together(sidecar, "/", 8)
        # Two at once, three wait for them, three find the queue full.
        assert Counter(answer.status for answer in told) == {200: 5, 503: 3}
        began = time.monotonic()
        service.seconds = 0.5
        impatient = await started(sidecar_process, service.address, hastened(part, 10))
        told = await together(impatient, "/", 3)
        assert Counter(answer.status for answer in told) == {200: 2, 503: 1}
        assert time.monotonic() - began >= 0.1

    async def test_higher_priority_takes_the_place_of_lower(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = example("`priorities`: who matters most")
        part = {"priorities": part["priorities"][1:], "routes": part["routes"]}
        part["concurrency"] = [
            {"name": "all", "at_most": 1, "queue": {"at_most": 1, "wait_at_most": "2s"}}
        ]
        sidecar = await started(sidecar_process, service.address, part)
        service.seconds = 0.6

        async def one(method: str, target: str, fields: list[tuple[str, str]]) -> int:
            [answer] = await answers(sidecar, target, method=method, fields=fields)
            return answer.status

        async def waiting(count: int) -> None:
            await eventually(
                lambda: metric(sidecar, "sidecar_concurrency_queued") == count, "somebody waits"
            )

        async with asyncio.TaskGroup() as group:
            first = group.create_task(one("GET", "/", []))
            await eventually(lambda: service.asked == 1, "the slot is taken")
            crawler = group.create_task(one("GET", "/", CRAWLER))
            await waiting(1)
            checkout = group.create_task(one("POST", "/orders", []))
        assert (first.result(), crawler.result(), checkout.result()) == (200, 503, 200)
