from __future__ import annotations

import random

import pytest

from demo_services.hello.story import (
    BURST,
    CALM,
    GREEDY,
    GREEDY_PER_SECOND,
    MODEST,
    MODEST_PER_SECOND,
    QUIET,
    plan,
)
from demo_services.load.arrivals import schedule


@pytest.mark.parametrize("seconds", [8, 16, 60])
def test_both_clients_go_through_the_same_phases_at_the_same_times(seconds: float) -> None:
    made = plan("127.0.0.1:80", seconds)
    assert made.seconds == pytest.approx(seconds)
    lasting: list[dict[str, float]] = []
    for client in made.clients:
        phases: dict[str, float] = {}
        for step in client.steps:
            phases[step.phase] = phases.get(step.phase, 0) + step.seconds
        lasting.append(phases)
    assert lasting[0] == pytest.approx(lasting[1])
    assert list(lasting[0]) == [QUIET, BURST, CALM]


def test_clients_are_told_apart_by_address_and_ask_for_what_exists() -> None:
    made = plan("127.0.0.1:4711", 16)
    assert (made.host, made.port) == ("127.0.0.1", 4711)
    assert [client.name for client in made.clients] == [GREEDY, MODEST]
    assert len({client.source for client in made.clients}) == 2
    assert {request.method for request in made.clients[0].requests} == {"GET", "POST"}


def test_greedy_asks_for_far_more_than_modest_in_the_burst_alone() -> None:
    greedy, modest = plan("127.0.0.1:80", 16).clients
    last_second = [at for at, phase in schedule(greedy, random.Random(1)) if 11 <= at < 12]
    assert len(last_second) == pytest.approx(GREEDY_PER_SECOND, rel=0.2)
    calm = [at for at, phase in schedule(greedy, random.Random(1)) if phase == CALM]
    assert len(calm) < 4 * MODEST_PER_SECOND
    for step in modest.steps:
        assert step.per_second == MODEST_PER_SECOND
