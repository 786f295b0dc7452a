from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from benchmarks.probed import PROBE_SECONDS, Probe


class FakeLoop:
    """A clock that a test moves, and one timer."""

    def __init__(self) -> None:
        self.now = 100.0
        self.called: Callable[[], None] | None = None

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> FakeLoop:
        assert delay == PROBE_SECONDS
        self.called = callback
        return self

    def cancel(self) -> None:
        self.called = None

    def fire(self, after: float) -> None:
        assert self.called is not None
        self.now += after
        self.called()


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "lags.json"


@pytest.fixture
def probe(loop: FakeLoop, output: Path) -> Probe:
    return Probe(cast("asyncio.AbstractEventLoop", loop), output)


def test_a_loop_that_was_blocked_is_seen_to_be_late(
    probe: Probe, loop: FakeLoop, output: Path
) -> None:
    probe.turn()
    loop.fire(PROBE_SECONDS)
    loop.fire(PROBE_SECONDS + 0.05)
    probe.turn()

    assert json.loads(output.read_text()) == [pytest.approx(0.0), pytest.approx(0.05)]
    assert loop.called is None


def test_each_run_has_its_own_lags(probe: Probe, loop: FakeLoop, output: Path) -> None:
    probe.turn()
    loop.fire(0.5)
    probe.turn()
    loop.now += 10.0
    probe.turn()
    loop.fire(PROBE_SECONDS + 0.001)
    probe.turn()

    assert json.loads(output.read_text()) == [pytest.approx(0.001)]
