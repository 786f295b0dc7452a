from __future__ import annotations

import msgspec

from sidecar.provision.grafana.alerts import Alerting, notified
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.rules import SINCE_12
from sidecar.provision.grafana.settling import Settling
from sidecar.provision.grafana.wanted import FOLDER, PROMETHEUS
from sidecar.provision.step import Step, What
from tests.provision.grafana.planned import PLAN, WEBHOOK, group, with_alerts
from tests.provision.grafana.pretended import PretendedGrafana

_NAMES = {PROMETHEUS: "Prometheus"}


def _alerting(pretended: PretendedGrafana, plan: Plan = PLAN, version: str = "12.1.0") -> Alerting:
    run = Settling(dry_run=False, wait=lambda _seconds: None)
    return Alerting(pretended.server(), plan, run, version)


def _ready() -> PretendedGrafana:
    """With the folder and the data source that alert rules need."""
    pretended = PretendedGrafana()
    server = pretended.server()
    server.tell(lambda api: api.folder.create_folder("Sidecar", FOLDER))
    source = {"uid": PROMETHEUS, "name": "P", "type": "prometheus", "access": "proxy"}
    server.tell(lambda api: api.datasource.create_datasource(source))
    pretended.writes.clear()
    return pretended


def _abouts(steps: list[Step], what: What) -> list[str]:
    return [step.about for step in steps if step.what is what]


def test_who_is_told_comes_before_what_sends_to_them() -> None:
    pretended = PretendedGrafana()

    steps = list(_alerting(pretended).tell(PLAN))

    assert [step.what for step in steps] == [What.CREATED] * 5
    assert pretended.writes[-1] == "PUT /v1/provisioning/policies"
    assert _alerting(pretended).policy.ours()


def test_nobody_is_told_when_nobody_was_named() -> None:
    pretended = PretendedGrafana()
    plan = msgspec.structs.replace(PLAN, notifying=None)

    assert list(_alerting(pretended, plan).tell(plan)) == []
    assert notified(plan).routes == []


def test_where_a_webhook_leads_is_not_shown() -> None:
    pretended = PretendedGrafana()
    list(_alerting(pretended).tell(PLAN))
    pretended.state.contact_points[1]["settings"]["url"] = "https://hooks.example/canary-too"
    pretended.state.contact_points[3]["settings"]["url"] = "https://other.example/canary?x"

    steps = list(_alerting(pretended).tell(PLAN))

    changed = [one for step in steps if step.what is What.CHANGED for one in step.changed]
    assert {(one.before, one.after) for one in changed} == {
        ("https://hooks.example/…", "another at https://hooks.example/…"),
        ("https://other.example/…", "https://hooks.example/…"),
    }
    assert "canary" not in repr(steps)
    assert pretended.state.contact_points[1]["settings"]["url"] == WEBHOOK


def test_a_new_group_is_one_step_and_later_each_rule_is_one() -> None:
    pretended = _ready()

    first = list(_alerting(pretended).watch(_NAMES))
    assert _abouts(first, What.CREATED) == ["alert group sidecar order", "alert group sidecar cart"]
    assert len(pretended.writes) == 2
    again = list(_alerting(pretended).watch(_NAMES))
    assert {step.what for step in again} == {What.UNCHANGED}
    assert len(again) == 5


def test_a_rule_more_and_another_interval_change_no_more_than_that() -> None:
    pretended = _ready()
    list(_alerting(pretended).watch(_NAMES))
    before = {uid: rule["updated"] for uid, rule in pretended.state.rules.items()}
    plan = with_alerts(group("heavy", "light", "new", interval=30), group("other", service="cart"))

    steps = list(_alerting(pretended, plan).watch(_NAMES))

    assert [one.partition(" (")[0] for one in _abouts(steps, What.CREATED)] == [
        "alert rule SidecarShedding"
    ]
    assert _abouts(steps, What.CHANGED) == ["alert group sidecar order"]
    assert len(pretended.state.rules) == len(before) + 1
    assert {step.what for step in _alerting(pretended, plan).watch(_NAMES)} == {What.UNCHANGED}


def test_alert_rules_need_prometheus() -> None:
    pretended = _ready()

    steps = list(_alerting(pretended).watch({}))

    assert {step.what for step in steps} == {What.REFUSED}
    assert steps[0] == Step(
        What.REFUSED, "data source sidecar-prometheus", "alert rules ask it: give --prometheus"
    )
    assert pretended.writes == []


def test_an_old_grafana_is_told_only_what_it_knows() -> None:
    pretended = _ready()

    steps = list(_alerting(pretended, version="11.6.1").watch(_NAMES))

    assert steps[0].what is What.NOTE
    for body in pretended.sent[-2:]:
        assert all(not SINCE_12 & rule.keys() for rule in body["rules"])
    again = list(_alerting(pretended, version="11.6.1").watch(_NAMES))
    assert {step.what for step in again} == {What.NOTE, What.UNCHANGED}


def test_an_unknown_grafana_is_taken_for_a_new_one() -> None:
    pretended = _ready()

    steps = list(_alerting(pretended, version="").watch(_NAMES))

    assert {step.what for step in steps} == {What.CREATED}


def test_which_rules_are_wanted() -> None:
    assert len(_alerting(PretendedGrafana()).uids) == 3
    assert _alerting(PretendedGrafana(), Plan()).uids == set()
