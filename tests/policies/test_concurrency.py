"""Bulkheads: who gets a slot, who waits where, what a reload keeps; against a model of lists."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.model.outcome import Outcome, OutcomeClass
from sidecar.model.policy import Mode, Stage
from sidecar.model.priority import CRITICAL, HIGH, LOW, MEDIUM
from sidecar.model.verdict import ADMIT, LocalReply, Park, Respond
from sidecar.policies.concurrency import ConcurrencySpec
from sidecar.proxy.chain import Passage, admit
from sidecar.state.load import Load
from tests.policies.bulkheads import ANN, BOB, Going, chain, come, gate, request


def test_where_it_stands_in_the_chain() -> None:
    limit = gate(at_most=1)
    assert limit.stage is Stage.CONCURRENCY
    assert limit.settles


def test_so_many_are_let_in_and_a_slot_is_free_when_one_ends() -> None:
    limit = gate(at_most=2)
    them = [come(limit) for _ in range(3)]
    assert [one.ask(1.0) for one in them] == ["in", "in", "no slot is free"]
    them[0].end(2.0)
    assert them[2].ask(2.0) == "in"
    assert limit.in_flight == 2


def test_a_refusal_names_no_rule_and_says_when_it_is_worth_coming_back() -> None:
    limit = gate(at_most=2)
    held = [come(limit) for _ in range(2)]
    for one in held:
        one.ask(1.0)
    verdict = limit.peek(request(priority=LOW), 1.0)
    assert isinstance(verdict, Respond)
    reply = verdict.reply
    assert (reply.status, reply.reason) == (503, "concurrency_limited")
    assert reply.detail == "Too many requests are being served."
    assert reply.retry_after == 1.0
    assert reply.facts == {
        "at_most": 2,
        "in_flight": 2,
        "queued": 0,
        "queue_at_most": 0,
        "priority": "low",
        "because": "no slot is free",
        "retry_after": 1.0,
    }
    slow = Outcome(OutcomeClass.SUCCESS, 200, 20.0, None)
    for _ in range(200):
        limit.settle(request(), limit.take(request(), 1.0), slow, 1.0)
    verdict = limit.peek(request(), 1.0)
    assert isinstance(verdict, Respond)
    assert verdict.reply.retry_after == pytest.approx(10.0, rel=0.01)


def test_who_finds_no_slot_waits_and_is_refused_in_time() -> None:
    limit = gate(at_most=1, queue={"at_most": 1, "wait_at_most": "100ms"})
    first, second, third = (come(limit) for _ in range(3))
    assert [one.ask(1.0) for one in (first, second, third)] == ["in", "waits", "the line is full"]
    assert second.ask(1.05) == "waits"
    assert second.ask(1.1) == "waited too long"
    assert limit.queued == 0
    assert third.ask(1.1) == "waits"


def test_a_timer_that_is_a_little_early_is_not_started_again() -> None:
    limit = gate(at_most=1, queue={"at_most": 1, "wait_at_most": "100ms"})
    first, second = come(limit), come(limit)
    first.ask(1.0)
    second.ask(1.0)
    assert second.ask(1.0995) == "waited too long"


def test_a_slot_that_was_kept_is_not_taken_by_whoever_comes_first() -> None:
    limit = gate(at_most=1, queue={"at_most": 5, "wait_at_most": "100ms"})
    first, second, quick = come(limit), come(limit), come(limit, priority=CRITICAL)
    first.ask(1.0)
    second.ask(1.0)
    first.end(1.05)
    assert second.woken == 1
    assert quick.ask(1.05) == "waits"
    # Even when it comes back only after its time: the slot was its own by then.
    assert second.ask(1.2) == "in"


def test_the_more_important_wait_in_front_and_push_out_the_least() -> None:
    limit = gate(at_most=1, queue={"at_most": 2})
    first, low, medium, high = (come(limit, priority=one) for one in (MEDIUM, LOW, MEDIUM, HIGH))
    assert [one.ask(1.0) for one in (first, low, medium, high)] == ["in", *["waits"] * 3]
    assert (low.woken, low.ask(1.0)) == (1, "gave way to a higher priority")
    first.end(1.01)
    assert (high.woken, medium.woken) == (1, 0)


def test_by_arrival_priorities_do_not_matter() -> None:
    limit = gate(at_most=1, queue={"at_most": 2, "order": "arrival"})
    first, low, medium, high = (come(limit, priority=one) for one in (MEDIUM, LOW, MEDIUM, HIGH))
    answers = [one.ask(1.0) for one in (first, low, medium, high)]
    assert answers == ["in", "waits", "waits", "the line is full"]
    first.end(1.01)
    assert (low.woken, medium.woken) == (1, 0)


def test_each_value_has_slots_and_a_line_of_its_own() -> None:
    limit = gate(at_most=1, per="user", queue={"at_most": 1})
    them = [come(limit, user=user) for user in (ANN, ANN, ANN, BOB)]
    assert [one.ask(1.0) for one in them] == ["in", "waits", "the line is full", "in"]
    assert (limit.in_flight, limit.queued) == (2, 1)
    assert limit.facts(request(BOB), 1.0)["in_flight"] == 1
    assert limit.facts(request(BOB), 1.0)["per"] == "user"
    them[3].end(1.0)
    assert them[1].woken == 0
    them[0].end(1.0)
    assert them[1].ask(1.0) == "in"


def test_values_beyond_what_is_tracked_share_their_slots() -> None:
    limit = gate(at_most=1, per="shop")
    them = [come(limit, shop=shop) for shop in ("a", "b", "c", "d")]
    assert [one.ask(1.0) for one in them] == ["in", "in", "in", "no slot is free"]
    for one in them[:3]:
        one.end(2.0)
    assert limit.in_flight == 0


def test_in_shadow_nobody_waits_and_the_line_is_what_is_beyond_the_slots() -> None:
    load = Load()
    limit = gate(Mode.SHADOW, load, at_most=1, queue={"at_most": 2, "wait_at_most": "1s"})
    them = [Going(chain(limit, Mode.SHADOW), request()) for _ in range(5)]
    assert [one.ask(1.0) for one in them] == ["in"] * 5
    tallies = [step.tally for one in them for step in one.chain.shadow]
    assert [one.parked for one in tallies] == [0, 1, 1, 0, 0]
    assert [one.refused for one in tallies] == [0, 0, 0, 1, 1]
    assert limit.in_flight == 3
    assert limit.queued == 0
    for one in them:
        one.end(2.0)
    assert limit.in_flight == 0
    load.close_window(None)
    assert load.last.queue_delay == 0.0


def test_from_shadow_to_enforce_the_slots_that_are_taken_count() -> None:
    limit = gate(Mode.SHADOW, at_most=2)
    Going(chain(limit, Mode.SHADOW), request()).ask(1.0)
    enforced = gate(at_most=1)
    enforced.adopt(limit, 2.0)
    assert come(enforced).ask(2.0) == "no slot is free"


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.DISABLED])
def test_when_the_rule_acts_no_more_those_who_wait_go_on(mode: Mode) -> None:
    old = gate(at_most=1, queue={"at_most": 5})
    first, second, third = (come(old) for _ in range(3))
    for one in (first, second, third):
        one.ask(1.0)
    new = gate(mode, at_most=1, queue={"at_most": 5})
    new.adopt(old, 1.0)
    assert [one.ask(1.0) for one in (second, third)] == ["in", "in"]
    for one in (first, second, third):
        one.end(2.0)
    assert (new.in_flight, new.queued) == (0, 0)


def test_what_waited_is_told_to_the_load() -> None:
    load = Load()
    limit = gate(load=load, at_most=1, queue={"at_most": 5, "wait_at_most": "100ms"})
    first, second, third = (come(limit) for _ in range(3))
    for one in (first, second, third):
        one.ask(1.0)
    first.end(1.05)
    assert second.ask(1.05) == "in"
    assert third.ask(1.1) == "waited too long"
    load.close_window(None)
    assert load.last.queue_delay == pytest.approx((0.0 + 0.05 + 0.1) / 3)


def test_it_shows_its_slots_and_its_line() -> None:
    limit = gate(at_most=1, queue={"at_most": 5})
    come(limit).ask(1.0)
    come(limit).ask(1.5)
    shown = {one.name: one.value for one in limit.readings(2.0)}
    assert shown == {"in_flight": 1, "at_most": 1, "queued": 1, "longest_wait_seconds": 0.5}


def test_another_key_starts_anew() -> None:
    old = gate(at_most=1, per="user", queue={"at_most": 1})
    first, second = come(old), come(old)
    first.ask(1.0)
    second.ask(1.0)
    new = gate(at_most=1, per="shop")
    new.adopt(old, 1.0)
    assert come(new).ask(1.0) == "in"
    # Who waited at the old one gets its slots.
    first.end(1.01)
    assert (second.woken, second.ask(1.01)) == (1, "in")
    second.end(1.02)
    assert old.in_flight == 0


def test_asking_about_somebody_who_is_not_there_leaves_no_trace() -> None:
    limit = gate(at_most=1, queue={"at_most": 1})
    first = come(limit)
    first.ask(1.0)
    somebody = request()
    verdict = limit.peek(somebody, 1.0)
    assert isinstance(verdict, Park)
    limit.leave(somebody, verdict.place)
    assert limit.queued == 0
    assert come(limit).ask(1.0) == "waits"
    first.end(1.0)
    assert limit.peek(request(), 1.0) is not ADMIT


@pytest.mark.parametrize(
    "fields, place, code",
    [
        ({}, ("at_most",), "missing"),
        ({"at_most": 0}, ("at_most",), "bad-count"),
        ({"at_most": 5, "per": ["user", "user"]}, ("per",), "bad-value"),
        ({"at_most": 5, "queue": {}}, ("queue", "at_most"), "missing"),
        ({"at_most": 5, "queue": {"at_most": 0}}, ("queue", "at_most"), "bad-count"),
        (
            {"at_most": 5, "queue": {"at_most": 5, "wait_at_most": 50}},
            ("queue", "wait_at_most"),
            "bad-duration",
        ),
        ({"at_most": 5, "queue": {"at_most": 5, "order": "fifo"}}, ("queue", "order"), "enum"),
    ],
)
def test_a_mistake_is_told(fields: dict[str, Any], place: tuple[str, ...], code: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ConcurrencySpec.model_validate({"name": "a-rule", **fields})
    assert [(one["loc"], one["type"]) for one in raised.value.errors()] == [(place, code)]


def test_the_keys_it_names_are_known_with_their_place() -> None:
    fields = {"name": "a-rule", "at_most": 5, "per": ["user"], "match": {"shop": "a*"}}
    spec = ConcurrencySpec.model_validate(fields)
    assert [(use.name, use.at) for use in spec.keys_used()] == [
        ("shop", ("match", "shop")),
        ("user", ("per", 0)),
    ]


def test_replies_are_what_the_chain_passes_on() -> None:
    limit = gate(at_most=1)
    come(limit).ask(1.0)
    assert isinstance(admit(chain(limit), request(), Passage(), 1.0), LocalReply)
