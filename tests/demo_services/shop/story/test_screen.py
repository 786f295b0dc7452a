from __future__ import annotations

import io

from rich.console import Console

from demo_services.shop.story.screen import Screen
from tests.demo_services.shop.reports import second
from tests.demo_services.shop.stories import story


def _plain() -> tuple[Screen, io.StringIO]:
    written = io.StringIO()
    return Screen(Console(file=written, highlight=False)), written


def _told(screen: Screen, *, governed: bool = True, kept: bool = True) -> None:
    whole = story(governed=governed, kept=kept)
    with screen:
        for act in whole.acts:
            screen.begin(act.name, act.title)
            screen.second(second(1, refused=3))
            screen.moment("a knob is turned")
            screen.end(act, governed=governed)
    screen.summary(whole)


def test_without_a_terminal_everything_is_a_line() -> None:
    screen, written = _plain()
    _told(screen)
    lines = written.getvalue().splitlines()
    assert "  ..    sale     the sale opens" in lines
    assert "  PASS  sale     100/s served" in lines
    assert any("asked   43   in   40   refused    3" in line for line in lines)
    assert any(line.endswith("> a knob is turned") for line in lines)
    assert "3 of 3 promises kept" in lines
    assert "\x1b" not in written.getvalue()


def test_a_broken_promise_is_said_under_its_act() -> None:
    screen, written = _plain()
    _told(screen, kept=False)
    lines = written.getvalue().splitlines()
    at = lines.index("  FAIL  sale     100/s served")
    assert lines[at + 1] == "        not kept: <b>all</b> is well: 3 & 4"
    assert "2 of 3 promises kept" in lines


def test_without_sidecars_nothing_passes_or_fails() -> None:
    screen, written = _plain()
    _told(screen, governed=False)
    assert "  seen  sale     100/s served" in written.getvalue().splitlines()
    assert "PASS" not in written.getvalue()
    assert "promises" not in written.getvalue()


def test_at_a_terminal_numbers_are_drawn_under_the_lines() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=120, _environ={"TERM": "xterm"})
    screen = Screen(console)
    _told(screen)
    text = written.getvalue()
    assert "\x1b[" in text
    assert "the sale opens" in text
    picture = Console(file=io.StringIO(), width=120, record=True)
    picture.print(screen._picture())
    shown = picture.export_text()
    assert "asked   43" in shown
    assert "a knob is turned" in shown


def test_where_everything_is() -> None:
    screen, written = _plain()
    screen.addresses({"order": "http://127.0.0.1:1"}, None)
    assert "order                http://127.0.0.1:1" in written.getvalue()
