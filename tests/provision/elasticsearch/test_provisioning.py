"""A cluster comes to what is wanted, once, and keeps what is somebody else's."""

from __future__ import annotations

from collections import Counter

import pytest

from sidecar.provision.difference import Changed
from sidecar.provision.elasticsearch.cluster import Cluster
from sidecar.provision.elasticsearch.provisioning import provision
from sidecar.provision.elasticsearch.wanted import Plan
from sidecar.provision.step import Refused, Step, What
from tests.elastic.scripted_node import error
from tests.provision.elasticsearch.pretended import PretendedCluster

PLAN = Plan(dict.fromkeys(("traces", "logs", "metrics"), "7d"))
_FORBIDDEN = error(403, "security_exception", "unauthorized")


def _steps(pretended: PretendedCluster, plan: Plan = PLAN, *, dry_run: bool = False) -> list[Step]:
    return list(provision(Cluster(pretended.client()), plan, dry_run=dry_run))


def _counted(steps: list[Step]) -> Counter[What]:
    return Counter(step.what for step in steps)


def test_a_second_time_there_is_nothing_to_do() -> None:
    pretended = PretendedCluster()

    assert _counted(_steps(pretended)) == {What.CREATED: 9}
    done = [*pretended.changes]
    assert len(done) == 9
    assert _counted(_steps(pretended)) == {What.UNCHANGED: 9}
    assert pretended.changes == done


def test_a_dry_run_says_the_same_and_changes_nothing() -> None:
    pretended = PretendedCluster()
    said = _steps(pretended, dry_run=True)

    assert pretended.changes == []
    assert said == _steps(pretended)


def test_another_retention_changes_what_is_there_streams_too() -> None:
    pretended = PretendedCluster()
    pretended.streams = {
        "traces-governance.otel-shop": "7d",
        "logs-application.otel-shop": None,
        "traces-generic.otel-default": "7d",
    }
    _steps(pretended)
    plan = Plan({**PLAN.retention, "traces": "30d"})

    changed = [step for step in _steps(pretended, plan) if step.what is What.CHANGED]

    assert changed == [
        Step(What.CHANGED, "component template sidecar-traces@lifecycle",
             changed=(Changed("template.lifecycle.data_retention", "7d", "30d"),)),
        Step(What.CHANGED, "data stream traces-governance.otel-shop",
             changed=(Changed("lifecycle.data_retention", "7d", "30d"),)),
    ]  # fmt: skip
    assert pretended.streams == {
        "traces-governance.otel-shop": "30d",
        "logs-application.otel-shop": "7d",
        "traces-generic.otel-default": "7d",
    }


def test_what_somebody_has_changed_in_ours_is_put_right() -> None:
    pretended = PretendedCluster()
    _steps(pretended)
    pretended.templates["_index_template"]["sidecar-logs"]["priority"] = 1

    [step] = [step for step in _steps(pretended) if step.what is not What.UNCHANGED]

    assert (step.what, step.changed) == (What.CHANGED, (Changed("priority", "1", "200"),))


def test_what_is_not_ours_is_left_alone_and_told() -> None:
    pretended = PretendedCluster()
    theirs = {"index_patterns": ["x"], "_meta": {"managed_by": "somebody"}}
    pretended.templates["_index_template"]["sidecar-logs"] = theirs

    [step] = [step for step in _steps(pretended) if step.what is What.REFUSED]

    assert step.about == "index template sidecar-logs"
    assert "not ours" in step.words
    assert pretended.templates["_index_template"]["sidecar-logs"] == theirs


def test_types_and_settings_that_the_cluster_lacks_are_told_and_stood_in_for() -> None:
    pretended = PretendedCluster()
    pretended.lacks = {"passthrough", "histogram", "index.mapping.ignore_malformed"}

    steps = _steps(pretended)

    assert _counted(steps) == {What.NOTE: 3, What.CREATED: 9}
    assert [step.about for step in steps if step.what is What.NOTE] == [
        "field type histogram", "setting index.mapping.ignore_malformed", "field type passthrough",
    ]  # fmt: skip
    assert _counted(_steps(pretended)) == {What.NOTE: 3, What.UNCHANGED: 9}


def test_without_a_lifecycle_old_documents_stay_and_that_is_told() -> None:
    pretended = PretendedCluster()
    pretended.lacks = {"lifecycle"}

    steps = _steps(pretended)

    assert _counted(steps) == {What.REFUSED: 1, What.CREATED: 9}
    assert [step.about for step in steps if step.what is What.REFUSED] == ["data stream lifecycle"]


def test_one_no_keeps_nothing_else_from_being_done() -> None:
    pretended = PretendedCluster()
    pretended.refuses = {("PUT", "/_component_template/sidecar-logs@mappings"): _FORBIDDEN}

    steps = _steps(pretended)

    assert _counted(steps) == {What.REFUSED: 1, What.CREATED: 8}
    [refused] = [step for step in steps if step.what is What.REFUSED]
    assert refused.words == "403 security_exception: unauthorized"


def test_where_nothing_can_be_tried_out_everything_is_taken_to_be_known() -> None:
    pretended = PretendedCluster()
    pretended.refuses = {("POST", "/_index_template/_simulate"): _FORBIDDEN}

    assert _counted(_steps(pretended)) == {What.CREATED: 9}


def test_streams_that_cannot_be_seen_are_named_where_there_are_some() -> None:
    pretended = PretendedCluster()
    pretended.refuses = {("GET", "/_data_stream"): error(400, "x", "no handler found")}
    assert _counted(_steps(pretended)) == {What.CREATED: 9}

    pretended.streams = {"traces-governance.otel-shop": "7d"}
    [note] = [step for step in _steps(pretended) if step.what is What.NOTE]
    assert note.about == "data stream traces-governance.otel-shop"

    pretended.refuses[("GET", "/_resolve")] = _FORBIDDEN
    assert _counted(_steps(pretended)) == {What.UNCHANGED: 9, What.NOTE: 4}


def test_a_stream_that_must_not_be_changed_is_told() -> None:
    pretended = PretendedCluster()
    pretended.streams = {"traces-governance.otel-shop": "1d"}
    pretended.refuses = {("PUT", "/_data_stream"): _FORBIDDEN}

    assert _counted(_steps(pretended))[What.REFUSED] == 1


def test_the_clusters_own_templates_are_built_upon() -> None:
    pretended = PretendedCluster()
    pretended.templates["_index_template"]["traces-otel@template"] = {
        "index_patterns": ["traces-*.otel-*"],
        "composed_of": ["otel@mappings", "traces-otel@mappings"],
    }

    steps = _steps(pretended)

    assert _counted(steps) == {What.NOTE: 1, What.CREATED: 9}
    assert pretended.templates["_index_template"]["sidecar-traces"]["composed_of"] == [
        "otel@mappings", "traces-otel@mappings", "sidecar-traces@added", "sidecar-traces@lifecycle",
    ]  # fmt: skip
    assert _counted(_steps(pretended)) == {What.NOTE: 1, What.UNCHANGED: 9}


def test_who_may_not_even_look_is_told_so() -> None:
    pretended = PretendedCluster()
    pretended.refuses = {("GET", "/_index_template"): _FORBIDDEN}

    with pytest.raises(Refused):
        _steps(pretended)
