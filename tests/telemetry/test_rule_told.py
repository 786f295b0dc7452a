from __future__ import annotations

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from sidecar.model.policy import Mode, Rule
from sidecar.telemetry.catalogue import RULE_INFO
from sidecar.telemetry.exposition import MetersCollector, expose
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.rule_told import WHY_AT_MOST, RuleTold, rule_told


def told(why: str = "", source: str = "shop.yaml:3", owner: str = "") -> RuleTold:
    rule = Rule("rate_limits", "each", Mode.ENFORCE, source, why)
    return rule_told(rule, rule.mode, "file", owner)


def test_its_fields_are_the_labels_of_the_metric() -> None:
    names = ("service", "kind", "rule", *RuleTold._fields[2:])
    assert names == RULE_INFO.label_names


@pytest.mark.parametrize("length", [0, 1, WHY_AT_MOST - 1, WHY_AT_MOST])
def test_a_reason_that_is_short_enough_is_told_whole(length: int) -> None:
    assert told("ü" * length).why == "ü" * length


def test_a_long_one_is_cut_and_says_so() -> None:
    why = told("x" * (WHY_AT_MOST + 1)).why
    assert why == "x" * (WHY_AT_MOST - 1) + "…"


def test_a_path_that_is_no_text_can_be_written_all_the_same() -> None:
    assert told(source="sh\udcffp.yaml:3").source == "sh\\udcffp.yaml:3"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=WHY_AT_MOST))
@example('he said "no";\n# HELP sidecar_rule\\n{}\\ grüße 日本 \u2028 \x00')
@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
def test_whatever_it_says_it_is_read_back_from_one_line(accept: str, why: str) -> None:
    meters = Meters("shop")
    meters.rules_told = lambda: [told(why, owner=why)]
    page = asyncio.run(expose(MetersCollector(meters), accept)).body.decode()
    read = read_openmetrics if accept else read_text
    [labels] = [
        sample.labels
        for family in read(page)
        for sample in family.samples
        if sample.name == RULE_INFO.name
    ]
    assert (labels["why"], labels["owner"]) == (why, why)
    assert page.count("\nsidecar_rule_info{") == 1
