"""A Grafana comes to what is wanted, once, and keeps what is somebody else's."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy

import msgspec
import niquests.exceptions as n

from sidecar.provision.grafana.boards import TAG, boards
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.provisioning import provision
from sidecar.provision.grafana.sources import NAMES, Place, Places
from sidecar.provision.grafana.wanted import FOLDER, PROMETHEUS
from sidecar.provision.step import Step, What
from tests.provision.grafana import planned
from tests.provision.grafana.pretended import PretendedGrafana
from tests.provision.grafana.scripted import Answer

PLAN = Plan(Places(Place("http://prom:9090"), Place("http://es:9200"), Place("http://t:16686")))
_BOARDS = len(boards({}))
_ALL = 1 + len(NAMES) + _BOARDS


def _steps(pretended: PretendedGrafana, plan: Plan = PLAN, *, dry_run: bool = False) -> list[Step]:
    return list(provision(pretended.server(), plan, dry_run=dry_run, wait=lambda _seconds: None))


def _counted(steps: list[Step]) -> Counter[What]:
    return Counter(step.what for step in steps)


def test_a_second_time_there_is_nothing_to_do() -> None:
    pretended = PretendedGrafana()

    assert _counted(_steps(pretended)) == {What.CREATED: _ALL}
    done = [*pretended.writes]
    assert len(done) == _ALL
    assert _counted(_steps(pretended)) == {What.UNCHANGED: _ALL}
    assert pretended.writes == done


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    pretended = PretendedGrafana()
    said = _steps(pretended, dry_run=True)

    assert pretended.writes == []
    assert said == _steps(pretended)


def test_dashboards_stand_at_data_sources_that_are_there_though_not_given_this_time() -> None:
    pretended = PretendedGrafana()
    _steps(pretended)

    assert _counted(_steps(pretended, Plan())) == {What.UNCHANGED: 1 + _BOARDS}


def test_what_was_changed_by_hand_is_put_right() -> None:
    pretended = PretendedGrafana()
    _steps(pretended)
    pretended.state.data_sources[PROMETHEUS]["url"] = "http://elsewhere"

    [step] = [step for step in _steps(pretended) if step.what is not What.UNCHANGED]

    assert step.what is What.CHANGED
    assert step.changed == (("url", "http://elsewhere", "http://prom:9090"),)


def test_without_the_folder_there_are_no_dashboards_and_the_next_run_completes_them() -> None:
    pretended = PretendedGrafana()
    pretended.refuses = {("POST", "/folders"): Answer(403, {"message": "folders:create"})}

    steps = _steps(pretended)

    assert _counted(steps) == {What.REFUSED: 1 + _BOARDS, What.CREATED: len(NAMES)}
    assert steps[0].words == "403 folders:create"
    assert steps[-1].words == "not done, for it needs: folder sidecar"
    pretended.refuses = {}
    assert _counted(_steps(pretended)) == {What.CREATED: 1 + _BOARDS, What.UNCHANGED: len(NAMES)}


def test_what_is_wanted_no_more_is_told_and_with_prune_deleted() -> None:
    pretended = PretendedGrafana()
    _steps(pretended)
    server = pretended.server()
    for uid, tags in (("sidecar-old", [TAG]), ("theirs", ["other"])):
        board = {"uid": uid, "title": uid, "tags": tags}
        body = {"dashboard": board, "folderUid": FOLDER}
        server.tell(lambda api, body=body: api.dashboard.update_dashboard(body))  # type: ignore[misc]

    [told] = [step for step in _steps(pretended) if step.what is not What.UNCHANGED]
    assert told == Step(What.NOTE, "dashboard sidecar-old", "wanted no more; --prune deletes it")
    pruning = Plan(PLAN.places, prune=True)
    [deleted] = [step for step in _steps(pretended, pruning) if step.what is not What.UNCHANGED]
    assert (deleted.what, deleted.about) == (What.DELETED, "dashboard sidecar-old")
    assert "theirs" in pretended.state.dashboards
    assert _counted(_steps(pretended, pruning)) == {What.UNCHANGED: _ALL}


def test_a_copy_that_somebody_made_is_theirs_though_our_marks_are_in_it() -> None:
    pretended = PretendedGrafana()
    _steps(pretended, planned.PLAN)
    state = pretended.state
    board = deepcopy(state.dashboards["sidecar-fleet"])
    board["dashboard"] |= {"uid": "copied", "title": "My fleet"}
    rule = deepcopy(next(iter(state.rules.values())))
    source = {**deepcopy(state.data_sources[PROMETHEUS]), "uid": "copied", "name": "My Prometheus"}
    state.dashboards["copied"] = board
    state.rules["copied"] = rule | {"uid": "copied", "title": f"{rule['title']} (copy)"}
    state.data_sources["copied"] = source
    state.provenance["alertRule", "copied"] = ""

    pruning = msgspec.structs.replace(planned.PLAN, prune=True)
    assert _counted(_steps(pretended, pruning)).keys() == {What.UNCHANGED}
    refused = [step for step in _steps(pretended, Plan(remove=True)) if step.what is What.REFUSED]

    assert [step.about for step in refused] == ["folder sidecar"]
    assert set(pretended.state.dashboards) == {"copied"}
    assert set(pretended.state.rules) == {"copied"}
    assert set(pretended.state.data_sources) == {"copied"}


def test_what_cannot_be_listed_is_not_deleted() -> None:
    pretended = PretendedGrafana()
    pretended.refuses = {("GET", "/search"): n.ReadTimeout("x")}

    last = _steps(pretended)[-1]
    assert (last.what, last.about) == (What.REFUSED, "dashboards that are wanted no more")


def test_who_may_not_even_look_is_told_so_and_what_was_done_before() -> None:
    pretended = PretendedGrafana()
    pretended.refuses = {("GET", "/datasources"): Answer(403, {"message": "datasources:read"})}

    made, refused = _steps(pretended)

    assert (made.what, made.about) == (What.CREATED, "folder sidecar")
    assert refused == Step(What.REFUSED, "data sources", "403 datasources:read")


def test_dashboards_alone_need_no_alerting() -> None:
    pretended = PretendedGrafana()
    pretended.refuses = {("GET", "/v1/provisioning"): Answer(404, {"message": "Not found"})}

    assert _counted(_steps(pretended)) == {What.CREATED: _ALL}


def test_alerts_of_a_service_that_is_gone_are_told_and_with_prune_deleted() -> None:
    pretended = PretendedGrafana()
    _steps(pretended, planned.PLAN)
    plan = planned.with_alerts(planned.group("heavy", "light"))

    told = [step.about for step in _steps(pretended, plan) if step.what is What.NOTE]
    assert told == ["alert rule SidecarShedding (cart, other, page)"]
    pruning = msgspec.structs.replace(plan, prune=True)
    assert _counted(_steps(pretended, pruning))[What.DELETED] == 1
    assert len(pretended.state.rules) == 2
    # Without rule files nothing is said about alerts at all.
    quiet = msgspec.structs.replace(pruning, alerts=None)
    assert _counted(_steps(pretended, quiet)).keys() == {What.UNCHANGED}


def test_when_nobody_is_named_any_more_nobody_is_told() -> None:
    pretended = PretendedGrafana()
    _steps(pretended, planned.PLAN)
    nobody = msgspec.structs.replace(planned.PLAN, notifying=None)

    told = [step.about for step in _steps(pretended, nobody) if step.what is What.NOTE]
    assert (told[0], len(told)) == ("notification policy", 5)
    steps = _steps(pretended, msgspec.structs.replace(nobody, prune=True))
    assert _counted(steps)[What.DELETED] == 5
    assert not pretended.state.policies.get("routes")
    assert [one["name"] for one in pretended.state.contact_points] == ["grafana-default-email"]


def test_where_alerts_are_not_asked_about_who_is_told_stays() -> None:
    pretended = PretendedGrafana()
    _steps(pretended, planned.PLAN)
    before = planned.state_of(pretended)

    steps = _steps(pretended, Plan(planned.PLAN.places, prune=True))

    assert _counted(steps).keys() == {What.UNCHANGED}
    assert planned.state_of(pretended) == before


def test_all_of_ours_is_removed_and_nothing_else() -> None:
    pretended = PretendedGrafana()
    empty = planned.state_of(pretended)
    made = _counted(_steps(pretended, planned.PLAN))[What.CREATED]
    rules = len(pretended.state.rules)
    groups = 2
    removing = Plan(remove=True)

    dry = _steps(pretended, removing, dry_run=True)
    steps = _steps(pretended, removing)

    assert dry == steps
    assert _counted(steps) == {What.DELETED: made - groups + rules}
    assert steps[-1].about == "folder sidecar"
    assert planned.state_of(pretended) == empty
    assert _steps(pretended, removing) == []


def test_a_folder_with_something_of_others_stays() -> None:
    pretended = PretendedGrafana()
    _steps(pretended)
    board = {"uid": "theirs", "title": "Theirs", "tags": []}
    body = {"dashboard": board, "folderUid": FOLDER}
    pretended.server().tell(lambda api: api.dashboard.update_dashboard(body))

    last = _steps(pretended, Plan(remove=True))[-1]

    assert (last.what, last.about) == (What.REFUSED, "folder sidecar")
    assert "1 dashboard" in last.words
    assert set(pretended.state.dashboards) == {"theirs"}
