"""How much, by every algorithm, as the pages about rules have it."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.verdict import ADMIT
from sidecar.policies.rate_limit.spec import RateLimitSpec
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import ask
from tests.integration.documented import (
    REFERENCE,
    Service,
    answers,
    example,
    reason,
    rule,
    started,
    statuses,
    together,
)
from tests.integration.rule_text import rules
from tests.policies.building import World
from tests.servers.sidecar import SidecarStarter

#: Rates of so many a second: the clock runs on while the machine does something else.
pytestmark = pytest.mark.alone

HEADING = "`rate_limits`: how much"
WARM_UP, PACE, VALUES, COSTS = 1, 2, 3, 4


class TestBuckets:
    async def test_how_much(self, sidecar_process: SidecarStarter, service: Service) -> None:
        sidecar = await started(sidecar_process, service.address, example(HEADING))
        signs_in = [("Cookie", "user=mary")]
        assert await statuses(sidecar, "/sign-in", 1, method="POST", fields=signs_in) == {200: 1}
        again = await ask(sidecar.address, "/sign-in", method="POST", fields=signs_in, body=b"{}")
        assert (again.status, reason(again)) == (429, "rate_limited")
        assert 1 <= int(again.field("retry-after")) <= 10
        assert "ratelimit-policy" in dict(again.fields)
        assert "r=0" in again.field("ratelimit")
        # Another combination of user and client has a limit of its own.
        other = [("Cookie", "user=john")]
        assert await statuses(sidecar, "/sign-in", 1, method="POST", fields=other) == {200: 1}

        began = time.monotonic()
        ann = await statuses(sidecar, "/", 60, fields=[("Cookie", "user=ann")])
        assert 10 <= ann[200] <= 10 + 5 * (time.monotonic() - began) + 1
        assert ann[429] == 60 - ann[200]
        assert await statuses(sidecar, "/", 10, fields=[("Cookie", "user=bob")]) == {200: 10}

    async def test_a_second_refusal_takes_nothing(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        """Nothing is taken from the first limit when the second refuses."""
        part = {
            "keys": {"client": {"from": "client.address"}},
            "rate_limits": [
                {"name": "each", "per": "client", "limit": "20/1h", "burst": 20},
                {"name": "all", "match": {"path": "/scarce"}, "limit": "1/1h", "burst": 1},
            ],
        }
        sidecar = await started(sidecar_process, service.address, part)
        assert await statuses(sidecar, "/scarce", 50) == {200: 1, 429: 49}
        assert await statuses(sidecar, "/", 50) == {200: 19, 429: 31}

    async def test_ten_at_once_and_then_one_every_200_ms(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = rule(example(HEADING), "rate_limits", "each-user")
        sidecar = await started(sidecar_process, service.address, part)
        told = await answers(sidecar, "/", 11, fields=[("Cookie", "user=ann")])
        assert Counter(answer.status for answer in told[:10]) == {200: 10}
        if told[10].status == 429:
            assert told[10].field("retry-after") == "1"
            await asyncio.sleep(json.loads(told[10].body)["retry_after_ms"] / 1000)
            assert await statuses(sidecar, "/", 1, fields=[("Cookie", "user=ann")]) == {200: 1}


class TestWindows:
    @pytest.mark.parametrize("algorithm", ["fixed_window", "sliding_window", "moving_window"])
    def test_the_table_of_the_page(self, algorithm: str) -> None:
        """Its seconds, on a clock of the test's own."""
        below = REFERENCE.partition("# `rate_limits`: how much\n")[2]
        rows = [line.split("|")[1:-1] for line in below.splitlines() if line.startswith("|")]
        [times] = [row[1:] for row in rows if row[0].strip() == "request at"]
        [told] = [row[1:] for row in rows if row[0].strip() == f"`{algorithm}`" and len(row) == 7]
        spec = RateLimitSpec.model_validate(
            {"name": "all", "limit": "2/10s", "algorithm": algorithm}
        )
        gate = spec.build(World().context())
        request = RequestHead("GET", b"/", 1)
        for at, said in zip(map(float, times), told, strict=True):
            admitted = gate.peek(request, at) is ADMIT
            if admitted:
                gate.take(request, at)
            assert admitted == said.strip().startswith("yes"), at

    @pytest.mark.parametrize("algorithm", ["fixed_window", "sliding_window", "moving_window"])
    async def test_five_in_a_second(
        self, sidecar_process: SidecarStarter, service: Service, algorithm: str
    ) -> None:
        """What the table says of ``limit: 5/s``, over ten times as long."""
        limits = [{"name": "all", "limit": "50/10s", "algorithm": algorithm}]
        sidecar = await started(sidecar_process, service.address, {"rate_limits": limits})
        told = await statuses(sidecar, "/", 60)
        # A sliding window may let a few more through around the end of a window of the clock.
        assert 50 <= told[200] <= 52
        [refused] = await answers(sidecar, "/")
        assert (refused.status, reason(refused)) == (429, "rate_limited")
        assert 1 <= int(refused.field("retry-after")) <= 10


class TestOtherAlgorithms:
    async def test_a_share_when_cold(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = rule(example(HEADING, WARM_UP), "rate_limits", "cold-start")
        part["rate_limits"][0]["limit"] = "300/s"
        sidecar = await started(sidecar_process, service.address, part)
        began = time.monotonic()
        told = await statuses(sidecar, "/", 200)
        assert 99 <= told[200] <= 99 + 120 * (time.monotonic() - began)
        assert told[429]

    async def test_callers_wait_for_their_turn(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        """Of eight at once, one goes on at once, five wait, two are refused."""
        part = example(HEADING, PACE)
        # Twice as long, so that a busy machine does not let a ninth of a second pass between them.
        part["rate_limits"][0].update(limit="5/s", wait_at_most="1s")
        sidecar = await started(sidecar_process, service.address, part)
        began = time.monotonic()
        told = await together(sidecar, "/export", 8)
        took = time.monotonic() - began
        assert Counter(answer.status for answer in told) == {200: 6, 429: 2}
        assert took >= 1.0
        assert (await ask(sidecar.address, "/other")).status == 200


class TestValues:
    async def test_some_have_a_limit_of_their_own(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = example(HEADING, VALUES)
        sidecar = await started(sidecar_process, service.address, part)
        assert (await statuses(sidecar, "/?sku=sku-7", 260))[429] >= 1
        assert await statuses(sidecar, "/?sku=sku-1001", 260) == {200: 260}
        warehouse = [("Cookie", "user=warehouse-2")]
        assert await statuses(sidecar, "/?sku=sku-7", 260, fields=warehouse) == {200: 260}

    async def test_not_all_requests_weigh_the_same(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = example(HEADING, COSTS)
        by_size = await started(
            sidecar_process, service.address, rule(part, "rate_limits", "by-size")
        )
        assert await statuses(by_size, "/?size=450", 1) == {200: 1}
        [refused] = await answers(by_size, "/?size=450")
        assert (refused.status, reason(refused)) == (429, "rate_limited")
        # It waits for 400 units, of which there are 83 a second.
        assert 3 <= int(refused.field("retry-after")) <= 5
        [too_much] = await answers(by_size, "/?size=501")
        assert (too_much.status, too_much.field("retry-after")) == (429, "")

    async def test_the_upstream_says_what_it_cost(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = rule(example(HEADING, COSTS), "rate_limits", "by-cost")
        sidecar = await started(sidecar_process, service.address, part)
        service.fields = ("X-Cost: 15000",)
        # The second one leaves a debt of ten thousand, which is waited for.
        assert await statuses(sidecar, "/", 3) == {200: 2, 429: 1}
        [refused] = await answers(sidecar, "/")
        assert 25 <= int(refused.field("retry-after")) <= 32


async def test_a_changed_limit_refills_nothing(
    sidecar_process: SidecarStarter, service: Service
) -> None:
    limits = [{"name": "all", "limit": "5/1h", "burst": 5}]
    sidecar = await started(sidecar_process, service.address, {"rate_limits": limits})
    assert await statuses(sidecar, "/", 6) == {200: 5, 429: 1}
    larger = [{"name": "all", "limit": "50/1h", "burst": 50}]
    sidecar.write_rules(rules(service.address, rate_limits=larger))
    await eventually(
        lambda: metric(sidecar, "sidecar_rules_reloads_total", result="success") == 2, "reloaded"
    )
    assert await statuses(sidecar, "/", 3) == {429: 3}
