"""What is made for Grafana, held against Grafana's own descriptions and schemas."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.alerting.grafana_notifying import contact_points, mute_timings, policy
from sidecar.alerting.grafana_rules import file_groups, rule_groups
from sidecar.alerting.notifying import Channel, Notifying
from sidecar.alerting.office_hours import parse_office_hours
from tests.alerting.examples import RECORDED, breaker, burn, group
from tests.servers.grafana.description import Description, Schemas, descriptions_folder, load

GROUPS = [group(RECORDED, breaker(__dashboardUid__="sidecar-service", __panelId__="1"), burn())]
WHO = Notifying(
    page=Channel(url="https://hooks.shop.example/page"),
    ticket=Channel(mail=("team@shop.example",)),
    owners={"Trade & Co": Channel(url="https://hooks.shop.example/trade")},
    office_hours=parse_office_hours("mon-fri 09:00-18:00 Europe/Berlin"),
)


@pytest.fixture(scope="module")
def described() -> tuple[Description, Schemas]:
    return load(descriptions_folder())


def body_faults(description: Description, definition: str, body: Any) -> list[str]:
    return description.faults_of_body({"$ref": f"#/definitions/{definition}"}, body)


def test_groups_of_rules(described: tuple[Description, Schemas]) -> None:
    description, schemas = described
    (body,) = rule_groups(GROUPS, folder="sidecar", data_source="sidecar-prometheus")
    assert len(body["rules"]) == 2
    assert body_faults(description, "AlertRuleGroup", body) == []
    assert schemas.faults("RuleGroup", body) == []


def test_contact_points(described: tuple[Description, Schemas]) -> None:
    description, schemas = described
    for point in contact_points(WHO):
        assert body_faults(description, "EmbeddedContactPoint", point) == []
        assert schemas.faults("ContactPoint", point) == []


def test_the_route(described: tuple[Description, Schemas]) -> None:
    description, schemas = described
    assert body_faults(description, "Route", policy(WHO)) == []
    assert schemas.faults("NotificationPolicy", policy(WHO)) == []


def test_mute_timings(described: tuple[Description, Schemas]) -> None:
    description, schemas = described
    (timing,) = mute_timings(WHO)
    assert body_faults(description, "MuteTimeInterval", timing) == []
    assert schemas.faults("MuteTiming", timing) == []


def test_files_of_rules(described: tuple[Description, Schemas]) -> None:
    """What the API exports is what files have; some fields are newer than its description."""
    description, _ = described
    tree = file_groups(GROUPS, folder="Sidecar", data_source="sidecar-prometheus")
    for found in tree["groups"]:
        del found["interval"]  # described as a number, and written as text
        for rule in found["rules"]:
            for newer in ("for", "keepFiringFor", "missing_series_evals_to_resolve"):
                del rule[newer]
            rule["dasboardUid"] = rule.pop("dashboardUid", "")  # as it is spelt there
            for query in rule["data"]:
                query["model"] = {}  # described as an object without fields
    assert body_faults(description, "AlertingFileExport", tree) == []
