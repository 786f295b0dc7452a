"""Whatever others have in a Grafana: it is the same after we came, came again, and went."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.alerting.grafana_rules import rule_groups
from sidecar.provision.grafana import boards
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.provisioning import provision
from sidecar.provision.grafana.wanted import FOLDER, PROMETHEUS
from sidecar.provision.step import Step, What
from tests.provision.grafana.planned import PLAN, group
from tests.provision.grafana.pretended import PretendedGrafana
from tests.servers.grafana.examples import BOARD
from tests.servers.grafana.rule_checks import as_stored
from tests.servers.grafana.state import State

_NAMES = st.sampled_from(["a", "sidecar", "sidecar-x", "Sidecar logs 2", "team/b c"])
_UIDS = st.sampled_from(["u1", "u2", "sidecar-theirs", "SIDECAR-page"])
_PROVENANCE = st.sampled_from(["", "api", "file"])
_MATCHERS = st.lists(
    st.tuples(
        st.sampled_from(["managed_by", "team"]),
        st.sampled_from(["=", "!=", "=~"]),
        st.sampled_from(["sidecar", "x"]),
    ).map(list),
    unique_by=tuple,
    max_size=2,
).filter(lambda one: one != [["managed_by", "=", "sidecar"]])
_ROUTES = st.recursive(
    st.fixed_dictionaries(
        {"object_matchers": _MATCHERS},
        optional={
            "receiver": st.just("grafana-default-email"),
            "continue": st.booleans(),
            "group_wait": st.sampled_from(["30s", "1w"]),
            "unknown_to_us": st.text(max_size=3),
        },
    ),
    lambda inner: st.builds(
        lambda one, several: {**one, "routes": several},
        st.fixed_dictionaries({"object_matchers": _MATCHERS}),
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=4,
)
[_RULE, *_] = rule_groups([group("theirs")], folder=FOLDER, data_source=PROMETHEUS)[0]["rules"]


@st.composite
def _foreign(draw: st.DrawFn) -> Callable[[PretendedGrafana], None]:
    """Puts things of others into a Grafana, some of them where ours will be."""
    sources = draw(st.dictionaries(_UIDS, _NAMES, max_size=2))
    dashboards = draw(st.dictionaries(_UIDS, st.sampled_from([FOLDER, ""]), max_size=2))
    rules = draw(st.dictionaries(_UIDS, st.sampled_from(["sidecar order", "theirs"]), max_size=2))
    points = draw(st.dictionaries(st.sampled_from(["p1", "p2"]), _NAMES, max_size=2))
    timings = draw(st.lists(_NAMES, unique=True, max_size=2))
    routes = draw(st.lists(_ROUTES, max_size=3))
    tree_provenance = draw(st.sampled_from(["", "api"]))
    provenance = draw(_PROVENANCE)

    def put(grafana: PretendedGrafana) -> None:
        state = grafana.state
        for uid, name in sources.items():
            state.data_sources[uid] = _source(uid, f"{name} {uid}")
        for uid, folder in dashboards.items():
            state.dashboards[uid] = _board(uid, folder)
        for uid, of_group in rules.items():
            state.rules[uid] = _rule(uid, of_group)
            state.intervals[FOLDER, of_group] = 60
            state.provenance["alertRule", uid] = "" if of_group == "sidecar order" else provenance
        for uid, name in points.items():
            state.contact_points.append(_point(uid, name))
            state.provenance["contactPoint", uid] = provenance
        for name in timings:
            state.mute_timings[name] = {"name": name, "time_intervals": []}
            state.provenance["muteTimeInterval", name] = provenance
        # Through the API, for Grafana writes many things otherwise than it was told.
        tree = {**state.policies, "routes": routes}
        grafana.server().tell(lambda api: api.client.PUT("/v1/provisioning/policies", json=tree))
        state.provenance["route", ""] = tree_provenance

    return put


def _source(uid: str, name: str) -> dict[str, Any]:
    data = {"managedBy": "somebody"}
    return {
        "uid": uid, "name": name, "type": "x", "jsonData": data, "version": 1, "readOnly": False,
    }  # fmt: skip


def _board(uid: str, folder: str) -> dict[str, Any]:
    meta = {"folderUid": folder, "folderId": 1, "folderTitle": "", "folderUrl": "", "url": "/d/x"}
    board = {"uid": uid, "title": f"Theirs {uid}", "id": 99, "version": 3, "tags": ["sidecar"]}
    return {"dashboard": board, "meta": {**meta, "provisioned": False, "created": ""}}


def _rule(uid: str, of_group: str) -> dict[str, Any]:
    labels = {"managed_by": "somebody"}
    more: dict[str, Any] = {"uid": uid, "title": f"Theirs {uid}", "ruleGroup": of_group}
    return {**as_stored(State(), {**_RULE, **more, "labels": labels}), "updated": "then", "id": 77}


def _point(uid: str, name: str) -> dict[str, Any]:
    return {
        "uid": uid,
        "name": name,
        "type": "webhook",
        "settings": {"url": "https://theirs", "password": "canary"},
        "disableResolveMessage": False,
    }


def _theirs(grafana: PretendedGrafana) -> Any:
    """All that is not ours."""
    state = grafana.state
    ours = [["managed_by", "=", "sidecar"]]
    tree = state.policies
    return deepcopy(
        {
            "sources": {
                uid: one
                for uid, one in state.data_sources.items()
                if one["jsonData"].get("managedBy") != "sidecar"
            },
            "dashboards": {
                uid: one
                for uid, one in state.dashboards.items()
                if boards.TAG not in one["dashboard"]["tags"]
            },
            "rules": {
                uid: {**one, "updated": ""}
                for uid, one in state.rules.items()
                if one["labels"].get("managed_by") != "sidecar"
            },
            "points": [one for one in state.contact_points if one["uid"] in {"", "p1", "p2"}],
            "timings": {
                name: one
                for name, one in state.mute_timings.items()
                if name != "sidecar-outside-office-hours"
            },
            "tree": tree
            | {"routes": [one for one in tree.get("routes", []) if _matchers(one) != ours]},
            "whose": {
                key: value
                for key, value in state.provenance.items()
                if key[1] in {"u1", "u2", "p1", "p2", "", "sidecar-theirs", "SIDECAR-page"}
            },
        }
    )


def _matchers(route: dict[str, Any]) -> Any:
    return route.get("object_matchers")


def _run(grafana: PretendedGrafana, plan: Plan) -> list[Step]:
    steps = provision(
        grafana.server(), plan, version="12.1", dry_run=False, wait=lambda _seconds: None
    )
    return list(steps)


@pytest.fixture(autouse=True, scope="module")
def _one_small_dashboard() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boards, "_generated", lambda: [deepcopy(BOARD)])
        yield


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_foreign())
def test_what_is_others_stays_through_everything(put: Callable[[PretendedGrafana], None]) -> None:
    grafana = PretendedGrafana()
    put(grafana)
    before = _theirs(grafana)

    pruning = msgspec.structs.replace(PLAN, prune=True)
    first = _run(grafana, pruning)
    assert [step for step in first if step.what is What.REFUSED] == []
    assert _theirs(grafana) == before
    writes = len(grafana.writes)
    assert {step.what for step in _run(grafana, pruning)} == {What.UNCHANGED}
    assert len(grafana.writes) == writes

    for step in _run(grafana, Plan(remove=True)):
        assert step.what is What.DELETED or step.about == "folder sidecar", step
    assert _theirs(grafana) == before
