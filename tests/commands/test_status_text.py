from __future__ import annotations

import io

import pytest
from rich.console import Console

from sidecar.admin import answers as a
from sidecar.commands.reaching import Running
from sidecar.commands.status_text import status_text
from tests.commands.beside import Beside
from tests.commands.invoking import invoked


def rendered(beside: Beside, width: int) -> str:
    shown = Running(beside.socket).ask("/v1/overview", a.Overview)
    written = io.StringIO()
    Console(file=written, width=width, highlight=False).print(status_text(shown, width))
    return written.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_cut_or_wrapped(beside: Beside, width: int) -> None:
    text = rendered(beside, width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert ("shop.yaml:10" in text) is (width >= 100)


def test_what_is_held_by_hand_stands_at_the_top(beside: Beside) -> None:
    invoked("override", "rate_limits/*", "--mode", "shadow", "--why", "a sale")
    invoked("breaker", "app", "open")
    invoked("log-level", "warn")
    text = rendered(beside, 120)
    assert "! override rate_limits/* is shadow for another 9m 5" in text
    assert ": a sale" in text
    assert "shadow (file: enforce)" in text
    assert "open, held for 9m 5" in text
    assert "! logs only WARN and above" in text


def test_a_file_that_is_not_in_force_is_said(beside: Beside) -> None:
    beside.do(lambda running: running.live.failed("shop.yaml:3:1 bad-yaml: no"))
    assert "! the file as it is now is not in force: shop.yaml:3:1" in rendered(beside, 120)
