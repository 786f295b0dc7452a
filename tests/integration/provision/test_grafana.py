"""``sidecar provision grafana`` over HTTP, on a stand-in that checks every request."""

from __future__ import annotations

import pytest

from tests.commands.invoking import invoked
from tests.servers.grafana.server import Grafana

pytestmark = pytest.mark.integration

_PLACES = (
    "--prometheus", "http://prometheus:9090",
    "--elasticsearch", "https://es:9200",
    "--traces", "http://traces:16686",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_GRAFANA_TOKEN", Grafana.token)


def _provision(grafana: Grafana, *arguments: str) -> tuple[int, str]:
    status, said = invoked("provision", "grafana", "--url", grafana.url, *_PLACES, *arguments)
    assert Grafana.token not in said
    return status, said


def test_first_it_shows_then_it_does_then_there_is_nothing_to_do(grafana: Grafana) -> None:
    status, shown = _provision(grafana, "--dry-run")
    assert (status, grafana.writes) == (0, [])
    assert shown.endswith("to create; nothing was changed\n")

    status, done = _provision(grafana)
    assert status == 0
    assert "Grafana 12" in done
    assert grafana.state.dashboards["sidecar-fleet"]["meta"]["folderUid"] == "sidecar"

    grafana.forget()
    status, again = _provision(grafana)
    assert (status, grafana.writes) == (0, [])
    assert again.splitlines()[-1].endswith(" unchanged")


def test_one_who_may_only_look_is_told_so(
    grafana: Grafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_GRAFANA_TOKEN", Grafana.viewer_token)

    status, said = _provision(grafana)

    assert (status, grafana.writes) == (1, [])
    assert "403 You'll need additional permissions" in said
