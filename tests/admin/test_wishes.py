from __future__ import annotations

import pytest

from tests.admin.running import Client, Running


async def test_an_override_by_default_holds_for_ten_minutes(admin: Client) -> None:
    wish = {"rules": "access/*", "mode": "shadow"}
    answer = await (await admin.post("/v1/overrides", json=wish)).json()
    assert 590 < answer["seconds_left"] <= 600
    assert answer["rules"] == ["access/office"]
    (listed,) = (await (await admin.get("/v1/overrides")).json())["overrides"]
    assert listed["target"] == "access/*"
    lifted = await admin.delete("/v1/overrides", params={"rules": "access/*", "why": "enough"})
    assert lifted.status == 200
    assert (await (await admin.get("/v1/overrides")).json())["overrides"] == []
    again = await admin.delete("/v1/overrides", params={"rules": "access/*"})
    assert again.status == 404
    assert (await admin.delete("/v1/overrides")).status == 422


async def test_a_breaker_is_held_by_hand_until_it_is_let_go(admin: Client) -> None:
    answer = await admin.put("/v1/breakers/app", json={"state": "open", "for": "1m"})
    assert answer.status == 200
    (breaker,) = (await (await admin.get("/v1/breakers")).json())["breakers"]
    assert (breaker["state"], breaker["forced"]["setting"]) == ("open", "open")
    assert (await admin.delete("/v1/breakers/app")).status == 200
    (breaker,) = (await (await admin.get("/v1/breakers")).json())["breakers"]
    assert breaker["forced"] is None


@pytest.mark.parametrize("level", ["warn", "WARN"])
async def test_the_log_level(admin: Client, running: Running, level: str) -> None:
    assert (await admin.put("/v1/log-level", json={"level": level})).status == 200
    assert await (await admin.get("/v1/log-level")).json() == {"level": "WARN"}
    assert running.changes() == [("log_level", "log", "WARN", "done")]
    bad = await admin.put("/v1/log-level", json={"level": "WARNING"})
    assert bad.status == 422
    assert "did you mean WARN?" in (await bad.json())["detail"]


async def test_no_new_requests_and_then_some_again(admin: Client, running: Running) -> None:
    answer = await (await admin.put("/v1/drain", json={"why": "a move"})).json()
    assert (answer["draining"], answer["reason"]) == (True, "by hand")
    assert (await admin.get("/readyz")).status == 503
    await admin.put("/v1/drain", json={"draining": False})
    assert (await admin.get("/readyz")).status == 200
    assert running.stopped == 0
    await admin.put("/v1/drain", json={"stop": True})
    assert running.stopped == 1
    assert [one[2] for one in running.changes()] == ["on", "off", "stop"]


async def test_a_switch_that_there_is_not(admin: Client) -> None:
    answer = await admin.put("/v1/switches/degrade", json={"on": True})
    assert answer.status == 404
    assert (await answer.json())["detail"] == "there is no switch"
    assert (await admin.put("/v1/switches/degrade", json={"on": False})).status == 404


async def test_a_reason_is_one_line_that_no_terminal_obeys(admin: Client, running: Running) -> None:
    why = "red \x1b[31mALERT\n{} \x9b2J\u202eend" + "x" * 1000
    wish = {"rules": "access/*", "mode": "shadow", "why": why}
    said = (await (await admin.post("/v1/overrides", json=wish)).json())["why"]
    assert said.startswith("red  [31mALERT {}  2J endxxx")
    assert said.isprintable()
    assert len(said) <= 500
    await admin.delete("/v1/overrides", params={"rules": "access/*", "why": "a\x1b[0m\nb"})
    await admin.put("/v1/log-level", json={"level": "warn", "why": "a\x1b[0m\nb"})
    await admin.put("/v1/drain", json={"why": "a\x1b[0m\nb"})
    assert [one.why for one in running.audit.last(3)] == ["a [0m b"] * 3
