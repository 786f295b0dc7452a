from __future__ import annotations

import asyncio

import pytest

from demo_services.shop.service.knobs import Knobs, Work, WorkFailed

IDLE = Knobs(workers=2, latency_ms=0, hash_rounds=0)


async def test_no_more_than_the_workers_work_at_one_time() -> None:
    work = Work(IDLE)
    inside: list[int] = []
    most = 0

    async def one(number: int) -> None:
        nonlocal most
        async with work.worker():
            inside.append(number)
            most = max(most, len(inside))
            await asyncio.sleep(0)
            inside.remove(number)

    await asyncio.gather(*(one(number) for number in range(20)))
    assert most == 2


async def test_work_that_fails_gives_its_worker_back() -> None:
    work = Work(Knobs(workers=1, latency_ms=0, hash_rounds=1, error_share=1))
    for _ in range(3):
        with pytest.raises(WorkFailed):
            async with work.worker():
                pytest.fail("reached after a failure")
    work.knobs = IDLE
    async with work.worker():
        pass


async def test_a_stall_holds_its_worker_until_it_is_given_up() -> None:
    work = Work(Knobs(workers=1, latency_ms=0, hash_rounds=0, stall_share=1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0), work.worker():
            pass
    work.knobs = IDLE
    async with work.worker():
        pass


async def test_shares_are_kept_to_and_repeatable() -> None:
    async def failures(seed: int) -> list[bool]:
        work = Work(Knobs(latency_ms=0, hash_rounds=0, error_share=0.3), seed)
        return [await _fails(work) for _ in range(200)]

    assert await failures(1) == await failures(1) != await failures(2)
    assert 40 <= sum(await failures(1)) <= 80


async def _fails(work: Work) -> bool:
    try:
        async with work.worker():
            return False
    except WorkFailed:
        return True
