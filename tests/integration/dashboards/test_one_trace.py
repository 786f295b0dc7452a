"""From a dot in a panel to the trace, from the trace to what was said in it, as Grafana goes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Any, Final

import pytest

from dashboards.preview.command import board
from dashboards.viewer.http import get_json
from dashboards.viewer.interpolation import for_prometheus, interpolated
from dashboards.viewer.view import View
from tests.integration.dashboards.seen import panel_of
from tests.integration.dashboards.stage import BUYERS, FAILING, RUSH, Stage
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.ports import wait_until
from tests.servers.processes import Process

pytestmark = [pytest.mark.integration, pytest.mark.alone]

#: Panels that show the trace that is chosen.
TITLES: Final = ("The trace", "What was said in this trace")
_ASKED_SECONDS: Final = 30.0
_RULE: Final = "attributes.sidecar.rule.name"


@pytest.fixture(scope="module")
def jaeger(
    stage_documents: ElasticsearchServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where ``sidecar traces serve`` answers as Jaeger does."""
    command = [sys.executable, "-m", "sidecar", "traces", "serve", "--bind", "127.0.0.1:0"]
    log = tmp_path_factory.mktemp("traces") / "traces.log"
    process = Process(
        "traces", [*command, "--elasticsearch", stage_documents.url], log,
        environment={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    with process:
        wait_until(lambda: "is answered at" in process.log, "it serves", _ASKED_SECONDS)
        [address] = re.findall(r"http://\S+:\d+", process.log)
        yield address


def _trace(jaeger: str, identity: str) -> dict[str, Any]:
    [found] = get_json(f"{jaeger}/api/traces/{identity}", {})["data"]
    return dict(found)


def _of_trace(stage: Stage, phase: str, identity: str) -> View:
    return View(board("traces"), stage.sources, stage.windows[phase], {"trace": [identity]})


def _failed_trace(stage: Stage) -> str:
    [table] = stage.answered("traces", "Failed traces", FAILING).frames
    column, request = table.named("Trace"), table.named("Request")
    assert column is not None
    assert request is not None
    orders = zip(column.values, request.values, strict=True)
    return next(str(one) for one, name in orders if name == "POST place-order")


def test_the_trace_that_is_chosen_is_asked_for_and_is_there(stage: Stage, jaeger: str) -> None:
    view = _of_trace(stage, FAILING, _failed_trace(stage))
    [target] = view.answered(panel_of(view, "The trace")).unasked
    identity = interpolated(target["query"], view.chosen, for_prometheus)
    trace = _trace(jaeger, identity)
    assert trace["traceID"] == identity == _failed_trace(stage)
    services = {one["serviceName"] for one in trace["processes"].values()}
    assert {"storefront", "order"} <= services
    tags = [(tag["key"], tag["value"]) for span in trace["spans"] for tag in span["tags"]]
    assert ("http.response.status_code", 503) in tags


def test_what_was_said_in_it_is_of_that_trace_alone(stage: Stage) -> None:
    identity = _failed_trace(stage)
    view = _of_trace(stage, FAILING, identity)
    [table] = view.answered(panel_of(view, "What was said in this trace")).frames
    column = table.named("trace_id")
    assert column is not None
    assert column.values
    assert set(column.values) == {identity}
    nobody = _of_trace(stage, FAILING, "0" * 31 + "1")
    [nothing] = nobody.answered(panel_of(nobody, "What was said in this trace")).frames
    assert nothing.length == 0


@pytest.mark.parametrize(
    "name, title", [("fleet", "Slowest 1 % by service"), ("service", "How long routes take")]
)
def test_the_dots_of_a_panel_lead_to_traces(
    stage: Stage, jaeger: str, name: str, title: str
) -> None:
    view = stage.view(name, FAILING)
    [target] = [one for one in panel_of(view, title)["targets"] if one.get("exemplar")]
    found = stage.sources.prometheus.exemplars(view.expression(target), stage.windows[FAILING])
    ids = {dot["labels"]["trace_id"] for series in found for dot in series["exemplars"]}
    assert ids
    for identity in sorted(ids)[:5]:
        assert _trace(jaeger, identity)["spans"], identity


def test_traces_that_failed_are_as_many_as_orders_that_did(stage: Stage) -> None:
    counted = stage.answered("traces", "Failed requests, by reason", FAILING).frames
    [orders] = [one for frame in counted for one in frame.numbers if one.shown == "storefront 503"]
    [part] = stage.played[FAILING].report.select(client=BUYERS)
    assert sum(filter(None, orders.values)) == pytest.approx(part.statuses[503], rel=0.02)


def test_decisions_are_as_many_as_refusals(stage: Stage) -> None:
    rules = stage.answered("traces", "Decisions, by rule", RUSH).frames
    [refused] = [
        one for frame in rules for one in frame.numbers if one.labels.get(_RULE) == "whole-shop"
    ]
    said_no = stage.played[RUSH].report.statuses()[429]
    assert sum(filter(None, refused.values)) == pytest.approx(said_no, rel=0.02)
