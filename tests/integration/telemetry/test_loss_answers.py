"""Whatever answers in Elasticsearch's place, documents arrive once, or are counted as lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.integration.clients.asking import eventually, metric
from tests.integration.telemetry.accounting import (
    DROPPED,
    Books,
    Driver,
    delivered,
    dropped,
    shows,
    telling,
)
from tests.integration.telemetry.clusters import fresh_namespace
from tests.servers.bulk_gate import (
    BulkGate,
    Forward,
    Pair,
    Ruling,
    Said,
    answered,
    failure,
    run_bulk_gate,
)
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.nginx import Nginx
from tests.servers.sidecar import SidecarProcess, SidecarStarter

pytestmark = pytest.mark.integration

REQUESTS = "sidecar_telemetry_export_requests_total"
_ROUNDS = 2
_BUSY = failure(429, "es_rejected_execution_exception", "queue capacity reached")
_HALTED = failure(503, "unavailable_shards_exception", "primary shard is not active")
_UNFIT = failure(400, "document_parsing_exception", "failed to parse field")


@pytest.fixture
def namespace() -> str:
    return fresh_namespace()


@pytest.fixture
def gate(elasticsearch: ElasticsearchServer) -> Iterator[BulkGate]:
    with run_bulk_gate(elasticsearch.address) as it:
        yield it


@pytest.fixture
def sidecar(
    sidecar_process: SidecarStarter, nginx: Nginx, gate: BulkGate, namespace: str, tmp_path: Path
) -> SidecarProcess:
    return sidecar_process(telling(nginx.address, gate.url, namespace, tmp_path / "spool"))


@pytest.fixture
def books(elasticsearch: ElasticsearchServer, namespace: str) -> Books:
    return Books(elasticsearch, namespace)


def too_busy(_pairs: list[Pair], _forward: Forward) -> Said:
    body = b'{"error":{"type":"circuit_breaking_exception","reason":"data too large"},"status":429}'
    return Said(429, body, fields=(("x-elastic-product", "Elasticsearch"), ("retry-after", "1")))


def a_part(pairs: list[Pair], forward: Forward) -> Said:
    """One third is taken; one is not; one is taken, and said not to be."""
    taken = iter(forward([pair for place, pair in enumerate(pairs) if place % 3 != 1]))
    told: list[dict[str, Any]] = []
    for place in range(len(pairs)):
        result = next(taken) if place % 3 != 1 else _BUSY
        told.append(_HALTED if place % 3 == 2 else result)
    return answered(told)


def rubbish(pairs: list[Pair], forward: Forward) -> Said:
    """All is taken, and what is said of it is not even JSON."""
    forward(pairs)
    return Said(200, b'\x00\xff{"errors":fal')


def another_server(_pairs: list[Pair], _forward: Forward) -> Said:
    return Said(200, b"<html>It works!</html>", "text/html", ())


def a_broken_proxy(_pairs: list[Pair], _forward: Forward) -> Said:
    return Said(502, b"<html>Bad Gateway</html>", "text/html", ())


def too_few(pairs: list[Pair], forward: Forward) -> Said:
    """All is taken, and a part of the results is missing."""
    return answered(forward(pairs)[:-1])


def cut(pairs: list[Pair], forward: Forward) -> Said:
    """All is taken, and the answer ends in its middle."""
    whole = answered(forward(pairs)).body
    return Said(200, whole[: len(whole) // 2], declared=len(whole))


async def test_all_arrives_once_whatever_was_answered_meanwhile(
    sidecar: SidecarProcess, gate: BulkGate, books: Books
) -> None:
    driver = Driver()
    rulings = (too_busy, a_part, rubbish, another_server, a_broken_proxy, too_few, cut)
    async with driver.at_work(sidecar):
        for ruling in rulings:
            await in_turn(ruling, sidecar, gate)
    await books.balance(driver)
    assert dropped(sidecar) == 0
    assert metric(sidecar, REQUESTS, result="failure") >= len(rulings)


async def in_turn(ruling: Ruling, sidecar: SidecarProcess, gate: BulkGate) -> None:
    """Let this be answered some times, and then the truth until the sidecar knows it."""
    gate.statuses.clear()
    gate.ruling = ruling
    await eventually(lambda: gate.statuses.total() >= _ROUNDS, f"some of {ruling.__name__}")
    gate.ruling = None
    before = metric(sidecar, REQUESTS, result="success")
    await shows(sidecar, REQUESTS, before + 1, result="success")


async def test_what_is_never_taken_is_counted_and_costs_the_others_nothing(
    sidecar: SidecarProcess, gate: BulkGate, books: Books
) -> None:
    driver = Driver()
    number = count()
    unfit = 0

    def some_unfit(pairs: list[Pair], forward: Forward) -> Said:
        nonlocal unfit
        chosen = [next(number) % 10 == 0 and b"trace_id" in source for _, source in pairs]
        rest = [pair for pair, is_unfit in zip(pairs, chosen, strict=True) if not is_unfit]
        taken = iter(forward(rest))
        unfit += sum(chosen)
        return answered([_UNFIT if is_unfit else next(taken) for is_unfit in chosen])

    gate.ruling = some_unfit
    async with driver.at_work(sidecar):
        await shows(sidecar, DROPPED, 20, reason="mapping")
    await delivered(sidecar)
    await books.balance(driver, lost=unfit)
    assert dropped(sidecar) == dropped(sidecar, "mapping") == unfit
