"""Upstreams that fail: breakers, retries, faults, deadlines, as the pages about rules have it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest

from tests.integration import scripted
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer
from tests.integration.documented import (
    Part,
    Service,
    answers,
    decided,
    example,
    hastened,
    reason,
    started,
    statuses,
    together,
)
from tests.integration.rule_text import rules
from tests.servers.ports import free_port
from tests.servers.sidecar import SidecarProcess, SidecarStarter

FAILED = "500 Internal Server Error"
BREAKERS = "`breakers`: what is not well is left alone"
RETRIES = "`retries`: once more"
FAULTS = "`faults`: failures on purpose"


def state_of(sidecar: SidecarProcess) -> str:
    """The state that the only breaker says it is in."""
    states = ("closed", "open", "half_open")
    [state] = [one for one in states if metric(sidecar, "sidecar_breaker_state", state=one)]
    return state


@pytest.mark.alone
class TestBreakers:
    @pytest.fixture
    def part(self) -> Part:
        part: Part = hastened(example(BREAKERS), 10)
        return part

    async def opened(self, sidecar: SidecarProcess, service: Service) -> Answer:
        """Half of twenty fail; what the next one is told."""
        service.then = [service.status, FAILED] * 10
        assert (await statuses(sidecar, "/", 20)) == {500: 10, 200: 10}
        asked = service.asked
        [refused] = await answers(sidecar, "/")
        assert service.asked == asked, "the service has peace"
        return refused

    async def test_it_opens_and_closes_again(
        self, sidecar_process: SidecarStarter, service: Service, part: Part
    ) -> None:
        sidecar = await started(sidecar_process, service.address, part)
        refused = await self.opened(sidecar, service)
        assert (refused.status, reason(refused)) == (503, "breaker_open")
        assert refused.field("retry-after") == "1"
        await asyncio.sleep(0.65)
        # Five are let through; the fourth success closes it.
        assert await statuses(sidecar, "/", 3) == {200: 3}
        assert state_of(sidecar) == "half_open"
        assert await statuses(sidecar, "/", 5) == {200: 5}
        assert state_of(sidecar) == "closed"

    async def test_a_second_failed_probe_opens_it_for_longer(
        self, sidecar_process: SidecarStarter, service: Service, part: Part
    ) -> None:
        sidecar = await started(sidecar_process, service.address, part)
        await self.opened(sidecar, service)
        await asyncio.sleep(0.65)
        service.then = [FAILED] * 2
        assert await statuses(sidecar, "/", 3) == {500: 2, 503: 1}
        assert state_of(sidecar) == "open"
        # Ten seconds, give or take a fifth, a tenth of which is meant here.
        assert 0.5 < metric(sidecar, "sidecar_breaker_next_probe_seconds") <= 1.2

    async def test_ten_errors_in_a_row_and_slowness_open_it_too(
        self, sidecar_process: SidecarStarter, service: Service, part: Part
    ) -> None:
        sidecar = await started(sidecar_process, service.address, part)
        service.status = FAILED
        assert await statuses(sidecar, "/", 11) == {500: 10, 503: 1}
        service.status = "200 OK"
        slow = await started(sidecar_process, service.address, part)
        service.seconds = 0.1
        assert {answer.status for answer in await together(slow, "/", 20)} == {200}
        assert state_of(slow) == "open"

    async def test_what_clients_do_wrong_is_not_counted(
        self, sidecar_process: SidecarStarter, service: Service, part: Part
    ) -> None:
        sidecar = await started(sidecar_process, service.address, part)
        service.status = "404 Not Found"
        assert await statuses(sidecar, "/", 40) == {404: 40}
        service.status = "429 Too Many Requests"
        assert await statuses(sidecar, "/", 40) == {429: 40}
        assert metric(sidecar, "sidecar_breaker_error_ratio") == 0


class TestRetries:
    async def test_reads_are_tried_twice_again(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        sidecar = await started(sidecar_process, service.address, example(RETRIES))
        service.then = ["503 Service Unavailable", "502 Bad Gateway"]
        assert await statuses(sidecar, "/", 1) == {200: 1}
        assert service.asked == 3
        service.then = ["503 Service Unavailable"] * 3
        assert await statuses(sidecar, "/", 1) == {503: 1}
        assert service.asked == 6
        assert metric(sidecar, "sidecar_upstream_retries_total", reason="retriable_status") == 4
        # What is not idempotent is not tried again, and neither is what no rule names.
        service.then = ["503 Service Unavailable", FAILED]
        assert await statuses(sidecar, "/", 1, method="POST") == {503: 1}
        assert await statuses(sidecar, "/", 1) == {500: 1}
        assert service.asked == 8

    async def test_writes_with_a_key_that_cannot_have_been_sent(
        self, sidecar_process: SidecarStarter
    ) -> None:
        sidecar = await started(sidecar_process, f"127.0.0.1:{free_port()}", example(RETRIES))
        retries = "sidecar_retry_results_total"
        [without] = await answers(sidecar, "/", method="POST")
        assert (without.status, reason(without)) == (502, "connect_failure")
        assert metric(sidecar, retries) == 0
        key = [("Idempotency-Key", "17")]
        assert await statuses(sidecar, "/", 1, method="POST", fields=key) == {502: 1}
        assert metric(sidecar, retries, rule="writes") == 1

    async def test_in_shadow_nothing_is_sent_twice(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = example(RETRIES)
        for one in part["retries"]:
            one["mode"] = "shadow"
        sidecar = await started(sidecar_process, service.address, part)
        service.then = ["503 Service Unavailable"]
        assert await statuses(sidecar, "/", 1) == {503: 1}
        assert service.asked == 1
        assert decided(sidecar, "reads", "applied") == 1


class TestFaults:
    CHAOS = (("X-Chaos", "1"),)

    def part(self, **more: str) -> Part:
        part: Part = hastened(example(FAULTS), 20)
        part["trust"]["callers"] = ["127.0.0.1"]
        part["faults"][0].update(more)
        return part

    async def test_some_wait_and_some_are_refused(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = self.part(mode="enforce")
        sidecar = await started(sidecar_process, service.address, part)
        told = [
            answer
            for _ in range(10)
            for answer in await together(sidecar, "/", 20, fields=self.CHAOS)
        ]
        aborted = [answer for answer in told if answer.status == 503]
        assert 1 <= len(aborted) <= 30, "5% of 200"
        assert {reason(answer) for answer in aborted} == {"fault_injected"}
        assert 30 <= decided(sidecar, "slow-app", "parked") <= 95, "30% of 200"
        assert service.asked == 200 - len(aborted)
        assert await statuses(sidecar, "/", 50) == {200: 50}

    async def test_in_shadow_they_are_counted(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        sidecar = await started(sidecar_process, service.address, self.part())
        assert await statuses(sidecar, "/", 200, fields=self.CHAOS) == {200: 200}
        assert 30 <= decided(sidecar, "slow-app", "parked") <= 95
        assert 1 <= decided(sidecar, "slow-app", "refused") <= 30

    async def test_strangers_order_no_failures(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = self.part(mode="enforce")
        part["trust"]["callers"] = ["10.1.0.0/16"]
        part["faults"][0]["abort"]["share"] = "100%"
        sidecar = await started(sidecar_process, service.address, part)
        assert await statuses(sidecar, "/", 20, fields=self.CHAOS) == {200: 20}
        assert not any(b"x-chaos" in head.lower() for head in service.heads)


@pytest.mark.alone
class TestDeadlines:
    @pytest.fixture
    async def sidecar(self, sidecar_process: SidecarStarter, service: Service) -> SidecarProcess:
        part = example("Deadlines")
        part["trust"]["callers"] = ["127.0.0.1"]
        part["upstreams"]["inventory"] = {"url": f"http://{service.address}"}
        return await started(sidecar_process, service.address, part)

    async def test_what_upstreams_are_told(self, sidecar: SidecarProcess, service: Service) -> None:
        def told(head: bytes) -> str:
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
            return fields[b"x-request-deadline"].decode()

        said = [("X-Request-Deadline", "850ms")]
        await answers(sidecar, "/stock/7", fields=said)
        assert 700 <= int(told(service.heads[-1]).removesuffix("ms")) <= 850
        await answers(sidecar, "/", fields=said)
        assert 0 < int(told(service.heads[-1])) / 1000 - time.time() <= 0.85
        # Told even if the caller said nothing, and never more than `request`.
        await answers(sidecar, "/stock/7")
        assert 1800 <= int(told(service.heads[-1]).removesuffix("ms")) <= 2000

    async def test_nothing_is_asked_when_nothing_is_left(
        self, sidecar: SidecarProcess, service: Service
    ) -> None:
        [late] = await answers(sidecar, "/", fields=[("X-Request-Deadline", "0ms")])
        assert (late.status, reason(late)) == (504, "deadline_exceeded")
        assert service.asked == 0
        assert await statuses(sidecar, "/", 1, fields=[("X-Request-Deadline", "soon")]) == {200: 1}
        assert metric(sidecar, "sidecar_deadlines_ignored_total") == 1

    async def test_one_that_ends_while_the_upstream_works(
        self, sidecar: SidecarProcess, service: Service
    ) -> None:
        service.seconds = 1.0
        began = time.monotonic()
        [late] = await answers(sidecar, "/", fields=[("X-Request-Deadline", "200ms")])
        assert late.status == 504
        assert time.monotonic() - began < 1.0


@pytest.mark.alone
async def test_timeouts(sidecar_process: SidecarStarter, service: Service) -> None:
    part = hastened(example("Where requests come in and go to"), 20)
    sidecar = await started(sidecar_process, service.address, {"timeouts": part["timeouts"]})
    service.seconds = 2.0
    began = time.monotonic()
    [late] = await answers(sidecar, "/")
    assert (late.status, reason(late)) == (504, "per_try_timeout")
    assert 0.15 <= time.monotonic() - began < 1.0


async def test_addresses_that_are_not_well(
    sidecar_process: SidecarStarter, service: Service
) -> None:
    app = example("Addresses that are not well")["upstreams"]["app"]
    del app["health"]
    others = Service(), Service()
    async with (
        scripted.upstream(others[0]) as others[0].address,
        scripted.upstream(others[1]) as others[1].address,
    ):
        dead = f"127.0.0.1:{free_port()}"
        living = [one.address for one in (service, *others)]
        app["targets"] = [dead, *living]
        sidecar = await asyncio.to_thread(sidecar_process, rules(app))
        told = Counter(answer.status for answer in await answers(sidecar, "/", 100))
        assert told == {200: 100}
        assert all(one.asked for one in (service, *others))
        port = dead.rpartition(":")[2]
        await eventually(
            lambda: metric(sidecar, "sidecar_upstream_ejected", server_port=port) == 1,
            "the one that nobody can connect to is ejected",
        )
        assert metric(sidecar, "sidecar_upstream_connect_failures_total", server_port=port) == 5
