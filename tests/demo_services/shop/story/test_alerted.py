from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from demo_services.shop.story import alerted as module
from demo_services.shop.story.alerted import OF_AN_OUTAGE, Herald, alerted
from demo_services.shop.story.notices import Notices
from demo_services.shop.story.stage import Stage
from demo_services.shop.story.telling import Told
from tests.demo_services.shop.notices import alert, message
from tests.demo_services.shop.stages import stage


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(holds: Callable[[], bool], _within_seconds: float) -> bool:
        return holds()

    monkeypatch.setattr(module, "wait_until", once)


class Happened:
    """A quiet act of four seconds, an outage of twelve, and what is told meanwhile."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *acts: str) -> None:
        self.stage: Stage = stage(folder)
        self.notices = Notices()
        self._now = 0.0
        monkeypatch.setattr(time, "time", lambda: self._now)
        monkeypatch.setattr(self.stage, "at", lambda wall: wall)
        times = {"normal": (0.0, 4.0), "outage": (5.0, 17.0)}
        self.stage.story.acts += [_act(name, *times[name]) for name in acts]
        self.stage.listen = Herald(self.stage, self.notices).tell

    def tell(self, at: float, *alerts: dict[str, object], to: str = "page") -> None:
        self._now = at
        self.notices.take(f"/{to}", message(*alerts))

    def outage(self, *, status: str, at: float) -> None:
        for name, service, to in OF_AN_OUTAGE:
            self.tell(at, alert(name, service, status=status), to=to)

    def kept(self) -> list[bool]:
        return [check.kept for check in alerted(self.stage, self.notices).checks]


def _act(name: str, began: float, ended: float) -> Told:
    return Told(
        name=name, title="", began=began, ended=ended, checks=(), report=None, gist=""
    )  # fmt: skip


def test_an_outage_that_is_told_and_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = Happened(tmp_path, monkeypatch, "normal", "outage")
    happened.outage(status="firing", at=12.0)
    happened.outage(status="resolved", at=25.0)
    assert happened.kept() == [True, True, True, True]
    told = alerted(happened.stage, happened.notices)
    assert told.gist == "pages: 1, tickets: 2"
    assert "after 7.0 s" in told.checks[1].measured
    assert "3 of 3 have ended, the last one 8.0 s after it" in told.checks[2].measured
    assert len(happened.stage.story.moments) == 2 * len(OF_AN_OUTAGE)


def test_who_is_told_on_an_ordinary_day_is_told_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = Happened(tmp_path, monkeypatch, "normal")
    happened.tell(3.5, alert())
    assert happened.kept() == [False, True]


def test_an_outage_that_nobody_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened = Happened(tmp_path, monkeypatch, "normal", "outage")
    # What the act before it fired is not of the outage.
    happened.outage(status="firing", at=4.5)
    told = alerted(happened.stage, happened.notices)
    assert [check.kept for check in told.checks] == [True, False, False, True]
    assert "SidecarSloBurn of order: nobody was told" in told.checks[1].measured


def test_an_outage_that_is_told_late_or_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = Happened(tmp_path, monkeypatch, "outage")
    happened.outage(status="firing", at=60.0)
    assert happened.kept() == [False, False, True]


@pytest.mark.parametrize("lacks", ["why", "source", "owner", "summary"])
def test_an_alert_says_all_that_it_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    happened = Happened(tmp_path, monkeypatch)
    happened.tell(9.0, alert(lacks=lacks))
    [check] = alerted(happened.stage, happened.notices).checks
    assert not check.kept
    assert f"says no {lacks}" in check.measured
