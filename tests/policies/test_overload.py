"""Overload: who is shed when, by what is measured, and what is kept over a reload."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.model.http import RequestHead
from sidecar.model.policy import Stage
from sidecar.model.priority import CRITICAL, HIGH, LOW, MEDIUM
from sidecar.model.verdict import ADMIT, LocalReply, Respond
from sidecar.policies.overload import Overload, OverloadSpec
from sidecar.state.load import Load
from tests.algorithms.plant import Crowd, Plant
from tests.policies.building import World

BOTH: dict[str, Any] = {"cpu": {"shed_above": "80%"}, "queue_delay": {"shed_above": "20ms"}}
RANDOM = Random(3)


def gate(load: Load, world: World | None = None, **fields: Any) -> Overload:
    spec = OverloadSpec.model_validate({"name": "host", **(fields or BOTH)})
    return spec.build((world or World(load=load)).context(kind="overload", name="host"))


def request(priority: int, decision: bytes | None = None) -> RequestHead:
    head = RequestHead("GET", b"/", 1)
    head.priority = priority
    head.decision = b"%016x" % RANDOM.getrandbits(64) if decision is None else decision
    return head


def comes(host: Overload, head: RequestHead) -> bool:
    """Whether a request is let in."""
    if host.peek(head, 1.0) is not ADMIT:
        return False
    host.take(head, 1.0)
    return True


def let_in(host: Overload, priority: int, count: int = 1000) -> float:
    """The share of requests that are."""
    return sum(comes(host, request(priority)) for _ in range(count)) / count


def overloaded(load: Load, host: Overload, windows: int, cpu: float = 1.0) -> None:
    """Windows in which requests of every priority come, and all of the CPU is used."""
    for _ in range(windows):
        for priority in (LOW, MEDIUM, HIGH, CRITICAL) * 20:
            comes(host, request(priority))
        load.close_window(cpu)


def test_where_it_stands_in_the_chain() -> None:
    host = gate(Load())
    assert host.stage is Stage.OVERLOAD
    assert not host.settles


def test_low_is_shed_before_medium_before_high_and_critical_never() -> None:
    load = Load()
    host = gate(load)
    seen = []
    for _ in range(60):
        overloaded(load, host, 1)
        shares = {one.label: one.value for one in host.readings(1.0) if one.name == "shed_share"}
        seen.append([shares[word] for word in ("low", "medium", "high")])
    for low, medium, high in seen:
        assert low == 1.0 or medium == 0.0
        assert medium == 1.0 or high == 0.0
    assert seen[0][0] > 0.0
    assert seen[-1] == [1.0, 1.0, 1.0]
    assert let_in(host, LOW) == let_in(host, HIGH) == 0.0
    assert let_in(host, CRITICAL) == 1.0


def test_the_share_that_is_shed_is_the_share_that_is_refused() -> None:
    load = Load()
    host = gate(load)
    overloaded(load, host, 2)
    share = next(one.value for one in host.readings(1.0) if one.label == "low")
    assert 0.2 < share < 0.9
    assert let_in(host, LOW, 20_000) == pytest.approx(1 - share, abs=0.02)


@pytest.mark.parametrize(
    "fields, cpu, waited, sheds",
    [
        (BOTH, 0.9, 0.0, True),
        (BOTH, 0.1, 0.05, True),
        (BOTH, 0.7, 0.015, False),
        (BOTH, None, 0.05, True),
        (BOTH, None, 0.0, False),
        ({"cpu": {"shed_above": "80%"}}, 0.5, 0.5, False),
        ({"queue_delay": {"shed_above": "20ms"}}, 1.0, 0.0, False),
    ],
)
def test_either_signal_is_enough(
    fields: dict[str, Any], cpu: float | None, waited: float, *, sheds: bool
) -> None:
    load = Load()
    host = gate(load, **fields)
    for _ in range(3):
        comes(host, request(LOW))
        load.waited(waited)
        load.close_window(cpu)
    assert (host.facts(request(LOW), 1.0)["shed_share"] != 0.0) == sheds


def test_a_refusal_names_no_rule_and_says_when_to_come_back() -> None:
    load = Load()
    host = gate(load)
    overloaded(load, host, 6)
    verdict = host.peek(request(LOW, b"ffffffff00000000"), 1.0)
    assert isinstance(verdict, Respond)
    reply = verdict.reply
    assert (reply.status, reply.reason) == (503, "overloaded")
    assert reply.detail == "This service is overloaded."
    assert reply.retry_after == 1.0
    assert reply.facts["drawn"] == 0.0
    assert reply.facts["priority"] == "low"
    assert (reply.facts["cpu"], reply.facts["cpu_at_most"]) == (1.0, 0.8)
    assert reply.facts["queue_delay_at_most"] == 0.02


def test_those_who_are_refused_together_do_not_all_come_back_together() -> None:
    load = Load()
    host = gate(load)
    overloaded(load, host, 40)
    verdicts = [host.peek(request(LOW), 1.0) for _ in range(200)]
    after = [one.reply.retry_after or 0.0 for one in verdicts if isinstance(one, Respond)]
    assert len(after) == 200
    assert 1.0 <= min(after) < 1.5
    assert 4.0 < max(after) <= 5.0


def test_asking_twice_says_the_same_and_changes_nothing() -> None:
    load = Load()
    host, quiet = gate(load), gate(load)
    for _ in range(12):
        for _ in range(30):
            head = request(LOW)
            asked = {type(host.peek(head, 1.0)) for _ in range(3)}
            assert asked == {type(quiet.peek(head, 1.0))}
            if host.peek(head, 1.0) is ADMIT:
                host.take(head, 1.0)
                quiet.take(head, 1.0)
        load.close_window(0.95)
    assert [*host.readings(1.0)] == [*quiet.readings(1.0)]


def test_nobody_outside_of_the_order_is_shed() -> None:
    load = Load()
    host = gate(load, cpu={"shed_above": "80%"}, shed_order=["medium", "low"])
    overloaded(load, host, 40)
    assert (let_in(host, MEDIUM), let_in(host, LOW), let_in(host, HIGH)) == (0.0, 0.0, 1.0)


def test_a_reload_goes_on_shedding() -> None:
    load = Load()
    old = gate(load)
    overloaded(load, old, 6)
    depth = old.facts(request(LOW), 1.0)["shed_share"]
    new = gate(load, cpu={"shed_above": "90%"})
    new.adopt(old, 1.0)
    assert new.facts(request(LOW), 1.0)["shed_share"] == depth
    other = gate(load, cpu={"shed_above": "90%"}, shed_order="high")
    other.adopt(new, 1.0)
    assert other.facts(request(HIGH), 1.0)["shed_share"] != 0.0
    assert other.facts(request(LOW), 1.0)["shed_share"] == 0.0


def test_who_asks_the_rules_before_a_reload_does_not_hasten_anything() -> None:
    load = Load()
    old, alone = gate(load), gate(load)
    new = gate(load)
    new.adopt(old, 1.0)
    for _ in range(4):
        for one in (new, alone):
            for _ in range(20):
                one.take(request(LOW), 1.0)
        load.close_window(1.0)
        for one in (old, new, alone):
            one.peek(request(LOW), 1.0)
    shares = [one.facts(request(LOW), 1.0)["shed_share"] for one in (old, new, alone)]
    assert shares[0] == shares[1] == shares[2] != 0.0


def test_operators_are_told_when_shedding_begins_and_when_it_is_over() -> None:
    load = Load()
    world = World(load=load)
    host = gate(load, world)
    for _ in range(30):
        load.close_window(0.1)
        comes(host, request(LOW))
    assert world.notices == []
    overloaded(load, host, 6)
    comes(host, request(LOW))
    (begun,) = world.notices
    assert begun.event == "sidecar.overload"
    assert begun.text == "overload host sheds low: cpu 100%, queue delay 0ms"
    assert begun.facts == {
        "sidecar.rule.kind": "overload",
        "sidecar.rule.name": "host",
        "sidecar.rule.mode": "enforce",
    }
    for _ in range(60):
        load.close_window(0.1)
        comes(host, request(LOW))
    over = world.notices[1:]
    assert [one.text for one in over] == [
        "overload host sheds nobody any more: cpu 10%, queue delay 0ms"
    ]


def test_what_happened_while_nobody_asked_is_made_up_for() -> None:
    load = Load()
    host = gate(load)
    overloaded(load, host, 12)
    for _ in range(80):
        load.close_window(0.1)
    assert let_in(host, LOW) == 1.0


def test_it_shows_what_is_measured() -> None:
    load = Load()
    host = gate(load)
    load.lagged(0.004)
    load.close_window(0.25)
    shown = {(one.name, one.label): one.value for one in host.readings(1.0)}
    assert shown == {
        ("shed_share", "low"): 0.0,
        ("shed_share", "medium"): 0.0,
        ("shed_share", "high"): 0.0,
        ("cpu_share", ""): 0.25,
        ("queue_delay_seconds", ""): 0.004,
    }
    load.close_window(None)
    assert ("cpu_share", "") not in {(one.name, one.label) for one in host.readings(1.0)}
    assert host.facts(request(LOW), 1.0)["cpu"] == "unknown"


@pytest.mark.parametrize("signal", ["cpu", "queue_delay"])
def test_at_three_times_its_capacity_a_service_goes_on_with_what_matters(signal: str) -> None:
    """The whole loop: priorities, a service on virtual time, its load measured, its shedding."""
    load, plant = Load(), Plant(1000.0)
    crowd = Crowd((0.4, 0.3, 0.1, 0.2))
    host = gate(load, **{signal: BOTH[signal]})
    good, critical, low = [], [], []
    for window in range(160):
        rate = 3000.0 if window < 120 else 500.0
        answers = [(one, comes(host, request(one))) for one in crowd.window(rate)]
        admitted = sum(answer for _, answer in answers)
        plant.window(admitted)
        load.waited(plant.delay)
        load.close_window(plant.cpu)
        good.append(plant.good)
        critical += [answer for one, answer in answers if one == CRITICAL]
        low.append(all(answer for one, answer in answers if one == LOW))
    assert all(critical)
    steady = good[20:120]
    assert sum(steady) / len(steady) > (0.75 if signal == "cpu" else 0.92)
    assert not any(low[20:120])
    # The load has fallen: five seconds later everybody is let in.
    assert all(low[140:])


@pytest.mark.parametrize(
    "fields, place, code",
    [
        ({}, (), "incomplete"),
        ({"cpu": {}}, ("cpu", "shed_above"), "missing"),
        ({"cpu": {"shed_above": 85}}, ("cpu", "shed_above"), "bad-percentage"),
        ({"cpu": {"shed_above": "100%"}}, ("cpu",), "bad-percentage"),
        ({"cpu": {"shed_above": "0%"}}, ("cpu",), "bad-percentage"),
        ({"queue_delay": {"shed_above": "0ms"}}, ("queue_delay", "shed_above"), "bad-duration"),
        ({**BOTH, "shed_order": "critical"}, ("shed_order", 0), "bad-value"),
        ({**BOTH, "shed_order": ["low", "low"]}, ("shed_order",), "bad-value"),
        ({**BOTH, "shed_order": "lowest"}, ("shed_order", 0), "literal_error"),
        ({**BOTH, "shed_order": []}, ("shed_order",), "empty-list"),
    ],
)
def test_a_mistake_is_told(fields: dict[str, Any], place: tuple[object, ...], code: str) -> None:
    with pytest.raises(ValidationError) as raised:
        OverloadSpec.model_validate({"name": "host", **fields})
    assert [(one["loc"], one["type"]) for one in raised.value.errors()] == [(place, code)]


def test_what_is_refused_is_an_answer_of_ours() -> None:
    load = Load()
    host = gate(load)
    overloaded(load, host, 40)
    verdict = host.peek(request(MEDIUM), 1.0)
    assert isinstance(verdict, Respond)
    assert isinstance(verdict.reply, LocalReply)
