from __future__ import annotations

import pytest

from sidecar.commands.options import (
    complete_breakers,
    complete_routes,
    complete_rules,
    complete_switches,
    complete_traces,
)
from sidecar.commands.reaching import Reach, Running, Unreachable
from tests.commands.beside import Beside
from tests.telemetry.records import make_record


@pytest.fixture
def only_one(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one sidecar here, whatever else runs on the machine."""
    monkeypatch.setattr("sidecar.commands.options.find", lambda _: Running(beside.socket))
    monkeypatch.setattr("sidecar.commands.options.find_all", lambda _: [Running(beside.socket)])


@pytest.mark.usefixtures("only_one")
def test_names_are_completed_from_the_sidecar_that_runs() -> None:
    assert complete_rules("rate_limits/") == [
        "rate_limits/*", "rate_limits/each", "rate_limits/sale", "rate_limits/off",
    ]  # fmt: skip
    assert complete_breakers("") == ["app"]
    assert complete_routes("o") == ["orders", "other"]
    assert complete_switches("") == []


@pytest.mark.usefixtures("only_one")
def test_ids_of_traces_are_completed_from_what_is_remembered(beside: Beside) -> None:
    beside.do(lambda running: running.inside.decisions.feed([make_record()]))
    assert complete_traces("4bf9") == ["4bf92f3577b34da6a3ce929d0e0e4736"]
    assert complete_traces("5") == []


def test_where_nobody_answers_nothing_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: Reach) -> Running:
        raise Unreachable("nobody")

    monkeypatch.setattr("sidecar.commands.options.find", nobody)
    monkeypatch.setattr("sidecar.commands.options.find_all", nobody)
    assert complete_rules("") == []
    assert complete_switches("") == []
    assert complete_traces("") == []
