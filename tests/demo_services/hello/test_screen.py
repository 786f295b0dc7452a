from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from demo_services.check import Check
from demo_services.hello.screen import Screen
from demo_services.load.report import ClientSecond, Sample, Second


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


def _screen(written: io.StringIO, *, terminal: bool = False) -> Screen:
    return Screen(Console(file=written, force_terminal=terminal, highlight=False))


def _second(number: int, phase: str, refused: int = 0) -> Second:
    return Second(
        second=number,
        clients=tuple(
            ClientSecond(
                client=client,
                phase=phase,
                offered=40 + refused,
                admitted=40,
                refused=refused,
                failed=0,
                p50_ms=1.25,
                p99_ms=9.5,
                outstanding=0,
            )
            for client in ("greedy", "modest")
        ),
    )


def test_each_phase_has_one_heading_and_each_second_one_line(written: io.StringIO) -> None:
    screen = _screen(written)
    for second in (_second(1, "quiet"), _second(2, "quiet"), _second(3, "burst", 360)):
        screen.second(second)
    lines = [line for line in written.getvalue().splitlines() if line]
    assert [line.split(":")[0] for line in lines if "modest" in line][::2] == ["quiet", "burst"]
    seconds = [line for line in lines if line.lstrip()[:1].isdigit()]
    assert [line.split()[:4] for line in seconds] == [
        ["1", "40", "40", "0"],
        ["2", "40", "40", "0"],
        ["3", "400", "40", "360"],
    ]
    assert seconds[2].count("█") == 2
    assert seconds[2].count("░") == 18


def test_columns_stand_under_their_names(written: io.StringIO) -> None:
    _screen(written).second(_second(1, "burst", 360))
    heading, numbers = written.getvalue().splitlines()[-2:]
    for name in ("asked", "in", "429", "p50", "p99 ms"):
        end = heading.index(name) + len(name)
        assert numbers[end - 1] != " "
        assert numbers[end] == " "


def test_without_terminal_there_is_no_colour(written: io.StringIO) -> None:
    _screen(written).second(_second(1, "quiet"))
    assert "\x1b" not in written.getvalue()


def test_no_color_is_honoured(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    _screen(written, terminal=True).second(_second(1, "quiet"))
    assert "\x1b[32m" in written.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = io.StringIO()
    _screen(plain, terminal=True).second(_second(1, "quiet"))
    assert "\x1b[32m" not in plain.getvalue()


def test_every_promise_is_shown_with_its_verdict(written: io.StringIO) -> None:
    screen = _screen(written)
    screen.verdict(
        [Check("a [b] holds", kept=True, measured="1"), Check("c", kept=False, measured="2")]
    )
    assert written.getvalue().splitlines()[1:] == [
        "PASS  a [b] holds",
        "      1",
        "FAIL  c",
        "      2",
    ]


def test_a_refusal_is_shown_as_it_came(written: io.StringIO) -> None:
    head = "HTTP/1.1 429 Too Many Requests\r\nServer: x\r\nRetry-After: 1\r\nX-Sidecar-Decision: 7"
    sample = Sample(client="greedy", status=429, head=head, body='{"title": "[slow] down"}\n')
    _screen(written).answer(sample, '{"rule": "[x]"}')
    text = written.getvalue()
    for shown in ("HTTP/1.1 429", "retry-after: 1", "x-sidecar-decision: 7", "[slow]", "[x]"):
        assert shown in text
    assert "Server" not in text


def test_it_says_where_everything_is(written: io.StringIO) -> None:
    screen = _screen(written)
    screen.addresses({"sidecar": "h:1", "knobs": "h:2"}, Path("rules.yaml"))
    text = written.getvalue()
    for shown in ("http://h:1", "curl -i http://h:1/products/1", "http://h:2/", "rules.yaml"):
        assert shown in text
