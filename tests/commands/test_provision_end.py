from __future__ import annotations

import json

import pytest
import typer
from pydantic_core import PydanticCustomError

from sidecar.commands.provision_end import Unusable, ended, show, words
from sidecar.provision.step import Step, What

_STEPS = [Step(What.CREATED, "thing x"), Step(What.NOTE, "thing y", "z")]


def _status(steps: list[Step], *, as_json: bool = False, dry_run: bool = False) -> int:
    with pytest.raises(typer.Exit) as raised:
        show(steps, "Server at [::1]", dry_run=dry_run, as_json=as_json)
    return raised.value.exit_code


def test_steps_are_shown_between_a_heading_and_a_sum(capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(_STEPS) == 0
    assert capsys.readouterr().out == "Server at [::1]\n  + thing x\n  i thing y: z\n1 created\n"


def test_programs_get_the_steps_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(_STEPS, as_json=True) == 0
    assert [step["what"] for step in json.loads(capsys.readouterr().out)] == ["created", "note"]


def test_a_no_is_a_failure_also_of_a_dry_run() -> None:
    assert _status([*_STEPS, Step(What.REFUSED, "thing z")], dry_run=True) == 1


def test_words_for_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert words(Unusable("say where it is")) == "say where it is"
    assert words(PydanticCustomError("x", "it is bad", {"hint": "be good"})) == "it is bad; be good"
    with pytest.raises(typer.Exit) as raised:
        ended("no", 2)
    assert raised.value.exit_code == 2
    assert capsys.readouterr().err == "sidecar: no\n"
