from __future__ import annotations

import json

import pytest

from sidecar.model.policy import Mode
from tests.commands.beside import Beside
from tests.commands.invoking import invoked


def mode(beside: Beside) -> Mode:
    return beside.do(lambda running: running.live.rules.rules["rate_limits", "each"].mode)


def test_the_panic_lever_and_back(beside: Beside) -> None:
    status, output = invoked("override", "rate_limits/*", "--mode", "shadow", "--for", "2m")
    assert status == 0
    assert output.startswith("override rate_limits/* is shadow until ")
    rules = [line.strip() for line in output.splitlines()[1:]]
    assert rules == ["rate_limits/each", "rate_limits/sale", "rate_limits/off"]
    assert mode(beside) is Mode.SHADOW
    assert "override rate_limits/* is shadow for another 1m 5" in invoked("override")[1]
    (listed,) = json.loads(invoked("override", "--json")[1])
    assert listed["target"] == "rate_limits/*"
    status, output = invoked("override", "rate_limits/*", "--lift")
    assert (status, output.splitlines()[0]) == (
        0, "override rate_limits/* is lifted: the rule file says again",
    )  # fmt: skip
    assert mode(beside) is Mode.ENFORCE
    assert invoked("override") == (0, "no override holds\n")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["rate_limit/*", "--mode", "shadow"], "there is no rule 'rate_limit/*'; did you mean"),
        (["access/*"], "say either --mode MODE or --lift"),
        (["access/*", "--mode", "shadow", "--lift"], "say either --mode MODE or --lift"),
        (["access/*", "--lift"], "there is no override in force"),
        (["access/*", "--mode", "shadow", "--for", "2d"], "for 2d is too long: up to 24h"),
        (["access/*", "--mode", "shadow", "--for", "10"], "'10' is not a duration"),
        (["access/*", "--mode", "ghost"], "is not one of"),
    ],
)
def test_what_cannot_be(beside: Beside, arguments: list[str], words: str) -> None:
    status, output = invoked("override", *arguments)
    assert status == 2
    assert words in " ".join(output.replace("│", " ").split())
    assert mode(beside) is Mode.ENFORCE


def test_where_nobody_answers() -> None:
    arguments = ["access/*", "--mode", "shadow", "--socket", "/nowhere"]
    assert invoked("override", *arguments)[0] == 1
