"""``sidecar provision grafana`` over HTTP, on a stand-in that checks every request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from sidecar.provision.grafana.plan import Plan
from sidecar.provision.step import What
from tests.commands.invoking import invoked
from tests.integration.provision.grafana_runs import counted, pruning, run, stored
from tests.provision.grafana.planned import group, with_alerts
from tests.servers.grafana.failures import Status
from tests.servers.grafana.listening import run_grafana
from tests.servers.grafana.server import Grafana
from tests.servers.grafana.state import State

pytestmark = pytest.mark.integration

_PLACES = (
    "--prometheus", "http://prometheus:9090",
    "--elasticsearch", "https://es:9200",
    "--traces", "http://traces:16686",
)  # fmt: skip

_RULES = [str(path) for path in sorted((Path(__file__).parents[3] / "rules/shop").glob("*.yaml"))]


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


def test_an_editor_can_do_all_where_the_data_sources_are_there(
    grafana: Grafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    _provision(grafana)
    grafana.state.dashboards.clear()
    monkeypatch.setenv("SIDECAR_GRAFANA_TOKEN", Grafana.editor_token)
    arguments = ("--url", grafana.url, *_RULES, "--page-to", "https://hooks.example/page")

    status, _ = invoked("provision", "grafana", *arguments)
    assert (status, len(grafana.state.dashboards), len(grafana.state.rules) > 5) == (0, 5, True)
    status, said = invoked("provision", "grafana", *arguments, "--prometheus", "http://other:9090")
    assert (status, "! data source sidecar-prometheus: 403" in said) == (1, True)


_DRIFT: dict[str, Callable[[State], object]] = {
    "folder renamed": lambda s: s.folders["sidecar"].update(title="Other"),
    "folder and all in it gone": lambda s: _empty(s.folders, s.rules, s.intervals, s.dashboards),
    "data source elsewhere": lambda s: s.data_sources["sidecar-logs"].update(url="http://x"),
    "data source without links": lambda s: s.data_sources["sidecar-traces"]["jsonData"].pop(
        "tracesToLogsV2"
    ),
    "data source gone": lambda s: s.data_sources.pop("sidecar-prometheus"),
    "panel renamed": lambda s: s.dashboards["sidecar-fleet"]["dashboard"]["panels"][0].update(
        title="Other"
    ),
    "panel gone": lambda s: s.dashboards["sidecar-fleet"]["dashboard"]["panels"].pop(),
    "dashboard moved": lambda s: s.dashboards["sidecar-fleet"]["meta"].update(folderUid=""),
    "dashboard gone": lambda s: s.dashboards.pop("sidecar-fleet"),
    "rule paused": lambda s: _first(s.rules).update(isPaused=True),
    "rule later": lambda s: _first(s.rules).update({"for": "1h"}),
    "rule asks otherwise": lambda s: _first(s.rules)["data"][0]["model"].update(expr="up"),
    "rule sent elsewhere": lambda s: _first(s.rules).update(
        notification_settings={"receiver": "grafana-default-email"}
    ),
    "rule gone": lambda s: s.rules.pop(next(iter(s.rules))),
    "group slower": lambda s: s.intervals.update({("sidecar", "sidecar order"): 600}),
    "webhook elsewhere": lambda s: s.contact_points[1]["settings"].update(url="http://x"),
    "contact point gone, and with it all routes": lambda s: (
        s.contact_points.pop(1), s.policies.pop("routes")
    ),
    "mute timing empty": lambda s: _first(s.mute_timings).update(time_intervals=[]),
    "route without its children": lambda s: s.policies["routes"][0].pop("routes"),
    "routes gone": lambda s: s.policies.pop("routes"),
}  # fmt: skip


def _empty(*several: dict[Any, Any]) -> None:
    for one in several:
        one.clear()


def _first(several: dict[str, Any]) -> Any:
    return next(iter(several.values()))


@pytest.fixture(scope="module")
def provisioned() -> Iterator[tuple[Grafana, State, Any]]:
    """A Grafana that has all of it, what it has in it, and the same to be compared."""
    with run_grafana() as grafana:
        assert counted(run(grafana)).keys() == {What.CREATED}
        yield grafana, deepcopy(grafana.state), stored(grafana)
        assert grafana.violations == []


@pytest.mark.parametrize("drift", _DRIFT)
def test_what_has_drifted_is_shown_and_put_right(
    provisioned: tuple[Grafana, State, Any], drift: str
) -> None:
    grafana, state, wanted = provisioned
    grafana.state = deepcopy(state)
    _DRIFT[drift](grafana.state)
    grafana.forget()

    shown = run(grafana, dry_run=True)
    assert grafana.writes == []
    done = run(grafana)

    assert stored(grafana) == wanted
    assert counted(done).keys() & {What.CHANGED, What.CREATED}
    assert counted(done)[What.REFUSED] == 0
    assert {one.about for one in shown if one.what in {What.CHANGED, What.CREATED}} == {
        one.about for one in done if one.what in {What.CHANGED, What.CREATED}
    }
    writes = len(grafana.writes)
    assert counted(run(grafana)).keys() == {What.UNCHANGED}
    assert len(grafana.writes) == writes


def test_no_secret_is_ever_said(
    grafana: Grafana, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pager = tmp_path / "pager"
    pager.write_text("https://hooks.example/canary-pager\n")
    monkeypatch.setenv("SIDECAR_GRAFANA_PROMETHEUS_USER", "reader")
    monkeypatch.setenv("SIDECAR_GRAFANA_PROMETHEUS_PASSWORD", "canary-password")
    monkeypatch.setenv("SIDECAR_GRAFANA_ELASTICSEARCH_API_KEY", "canary-key")
    options = ("--page-to", f"@{pager}", "--renew-secrets")
    echo = f"{Grafana.token} canary-password ApiKey canary-key https://hooks.example/canary-pager"

    said = [
        _provision(grafana, *options, *more)[1]
        for more in (("--dry-run",), (), ("--json",), ("--prune",), ("--dry-run", "--json"))
    ]
    for nth in range(1, 12):
        grafana.fail(Status(status=400, message=echo), nth=nth, writes=True)
    said.append(_provision(grafana, *options, "--scrape-interval", "1s")[1])

    assert "canary" not in "".join(said)
    secrets = grafana.state.secrets
    assert secrets["sidecar-prometheus"] == {"basicAuthPassword": "canary-password"}
    assert secrets["sidecar-logs"] == {"httpHeaderValue1": "ApiKey canary-key"}


def test_what_is_gone_from_the_rule_files_is_pruned(grafana: Grafana) -> None:
    run(grafana)
    fewer = with_alerts(group("heavy"))

    assert [one.about for one in run(grafana, fewer) if one.what is What.NOTE] == [
        "alert rule SidecarShedding (order, light, page)",
        "alert rule SidecarShedding (cart, other, page)",
    ]
    assert counted(run(grafana, pruning(fewer)))[What.DELETED] == 2
    assert [rule["labels"]["alert"] for rule in grafana.state.rules.values()] == ["heavy"]


def test_all_of_it_is_removed_again(grafana: Grafana) -> None:
    before = stored(grafana)
    run(grafana)

    assert counted(run(grafana, Plan(remove=True))).keys() == {What.DELETED}
    assert stored(grafana) | {"policies": {}} == before | {"policies": {}}
    assert not grafana.state.policies.get("routes")


def test_a_grafana_that_knows_less_comes_to_rest_too(grafana: Grafana) -> None:
    grafana.state.version = "11.6.0"

    assert counted(run(grafana)).keys() == {What.CREATED, What.NOTE}
    writes = len(grafana.writes)
    assert counted(run(grafana)).keys() == {What.UNCHANGED, What.NOTE}
    assert len(grafana.writes) == writes


def test_below_a_path() -> None:
    with run_grafana("/grafana") as grafana:
        assert counted(run(grafana)).keys() == {What.CREATED}
        assert grafana.violations == []
