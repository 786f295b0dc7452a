"""``--grafana``: the dashboards are put into a Grafana before the shop starts."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NoReturn

import pytest
from rich.console import Console

from demo_services.shop.story.elsewhere import Elsewhere
from demo_services.shop.story.rule_files import COMMITTED
from demo_services.shop.story.run import Wishes, put_into_grafana, run
from demo_services.shop.story.running_shop import RunningShop
from demo_services.shop.story.screen import Screen
from tests.servers.grafana.server import Grafana

pytestmark = pytest.mark.integration


class _EnoughSeenError(Exception):
    pass


def _end(_shop: RunningShop) -> NoReturn:
    raise _EnoughSeenError


def test_dashboards_are_there_when_the_shop_starts(
    folder: Path, grafana: Grafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", grafana.token)
    monkeypatch.setattr(RunningShop, "start", _end)
    said = io.StringIO()
    wishes = Wishes(
        acts=(), keep=False, seed=1, rules=COMMITTED, report=folder / "report.html",
        elsewhere=Elsewhere(grafana=grafana.url), targets=folder,
    )  # fmt: skip

    with pytest.raises(_EnoughSeenError):
        run(wishes, Screen(Console(file=said)))

    assert f"$ sidecar provision grafana --url {grafana.url}" in said.getvalue()
    assert "6 created" in said.getvalue()
    assert grafana.token not in said.getvalue()
    assert "sidecar-fleet" in grafana.state.dashboards
    # Grafana would watch on for a shop that has ended.
    assert grafana.state.rules == {}


def test_dashboards_ask_the_servers_that_were_named(
    folder: Path, grafana: Grafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", grafana.token)
    named = Elsewhere(
        grafana=grafana.url, prometheus="http://prom:9090", elasticsearch="http://es:9200"
    )

    assert put_into_grafana(named, None, folder).endswith("\n  9 created")

    sources = grafana.state.data_sources
    assert {uid: one["url"] for uid, one in sources.items()} == {
        "sidecar-prometheus": "http://prom:9090",
        "sidecar-logs": "http://es:9200",
        "sidecar-spans": "http://es:9200",
    }
    assert sources["sidecar-prometheus"]["jsonData"]["timeInterval"] == "1s"
    assert put_into_grafana(named, None, folder).endswith("\n  9 unchanged")


@pytest.mark.parametrize("token", [Grafana.viewer_token, ""])
def test_what_grafana_refuses_is_said_and_hinders_nobody(
    folder: Path, grafana: Grafana, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", token)

    said = put_into_grafana(Elsewhere(grafana=grafana.url), None, folder)

    assert said.startswith(f"$ sidecar provision grafana --url {grafana.url}")
    assert ("403 You'll need" if token else "say who asks: GRAFANA_TOKEN") in said
    assert not token or token not in said
    assert grafana.writes == []
