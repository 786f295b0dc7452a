from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from sidecar.commands.waterfall import ASCII, UNICODE, Strokes, waterfall
from sidecar.traces.files import FileStore
from sidecar.traces.trace import StoredSpan, Trace
from tests.traces.documents import SHOP, TRACE, write
from tests.traces.growing import traces

PICTURE = """\
trace 4bf92f3577b34da6a3ce929d0e0e4736
  2025-11-11 00:00:00.000 +0000, 152ms, 8 spans of 3 services, 5 failed,
    kept for: error

web POST checkout               ━━━━━━━━━━━━━━━━━━━━━━━━   152ms 503
└ POST orders                   ━━━━━━━━━━━━━━━━━━━━━━━━   149ms 503
  └ → POST order 10.0.0.5:8080  ━━━━━━━━━━━━━━━━━━━━━━━━   148ms 503
    └ order POST place-order    ━━━━━━━━━━━━━━━━━━━━━━━━   146ms 503
        • +60ms breaker pay is open for 2s: 8 requests in a row failed
      └ GET stock               ━━━━━━━━                    40ms 200
        ├ → GET inventory       ━━━                         11ms connect_failure
        └ → GET inventory #2       ━━━━                     23ms 200
          └ inventory GET stock    ━━━━                     22ms 200

  it was not sampled: spans below those that are shown, and ended well, may be
    missing"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trace]:
    write(tmp_path, SHOP)
    trace = FileStore(tmp_path).trace(TRACE)
    assert trace is not None
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC")
        time.tzset()
        yield trace
    time.tzset()


def test_the_picture(shop: Trace) -> None:
    assert waterfall(shop, 80).plain == PICTURE


def test_it_can_be_drawn_without_anything_but_ascii(shop: Trace) -> None:
    drawn = waterfall(shop, 80, ASCII).plain
    assert drawn.isascii()
    assert "`-> GET inventory #2" in drawn


def test_what_failed_stands_out(shop: Trace) -> None:
    drawn = waterfall(shop, 80)
    red = [drawn.plain[span.start : span.end] for span in drawn.spans if "red" in str(span.style)]
    assert "503" in red
    assert "connect_failure" in red
    assert "200" not in red


def test_remarks_stand_below(shop: Trace) -> None:
    trace = msgspec.structs.replace(shop, spans=shop.spans[1:], notes=("something is missing",))
    drawn = waterfall(trace, 80).plain
    assert "⚠ its parent is not here" in drawn
    assert "\n\n  something is missing\n" in drawn
    assert "\n  the parent of one span is not here" in drawn


def test_bars_stand_where_the_time_was() -> None:
    def span(identity: str, start: int, end: int) -> StoredSpan:
        return StoredSpan(trace_id="1" * 32, span_id=identity, name="x", start=start, end=end)

    spans = [span("a", 0, 1000), span("b", 0, 500), span("c", 500, 1000), span("d", 999, 1000),
             span("e", 1000, 1000)]  # fmt: skip
    lines = waterfall(Trace("1" * 32, spans), 60).plain.splitlines()[3:8]
    bars = [line.partition("x")[2][:45].rstrip("0123456789.nµms ") for line in lines]
    whole = bars[0].strip()
    assert {*whole} == {"━"}
    assert bars[1].strip() == "━" * -(-len(whole) // 2)
    assert len(bars[2]) == len(bars[0])
    assert bars[3].strip() == bars[4].strip() == "╸"
    assert len(bars[3]) == len(bars[4]) == len(bars[0])


@given(traces, st.integers(0, 200), st.sampled_from([UNICODE, ASCII]))
def test_every_span_is_drawn_once_and_no_line_is_too_wide(
    trace: Trace, width: int, strokes: Strokes
) -> None:
    drawn = waterfall(trace, width, strokes).plain
    lines = drawn.split("\n")
    assert max(map(cell_len, lines)) <= max(width, 40)
    bars = [line for line in lines if strokes.bar in line or strokes.point in line]
    assert len(bars) >= len(trace.spans)
    assert "\x1b" not in drawn


def test_a_trace_that_is_deeper_than_the_terminal_is_wide() -> None:
    spans = [
        StoredSpan(trace_id="1" * 32, span_id=str(depth), parent_id=str(depth - 1) if depth else "",
                   name=f"name{depth}", start=depth, end=100)
        for depth in range(60)
    ]  # fmt: skip
    lines = waterfall(Trace("1" * 32, spans), 80).plain.splitlines()[3:]
    assert len(lines) == 60
    assert all(f"name{depth} " in line for depth, line in enumerate(lines))
    assert "…" in lines[-1]
