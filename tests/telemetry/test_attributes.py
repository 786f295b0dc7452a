"""What log lines and labels may be called, and that nothing else is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecar.telemetry import attributes
from sidecar.telemetry.access_log import attribute_name
from sidecar.telemetry.attributes import ATTRIBUTES, EVENTS, KEYWORDS, KNOWN_METHODS, OTHER_METHOD
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.declaration import Attribute, Event
from tests.telemetry.written import keywords, words

_DOORS = ("inbound", "outbound", "local", "prometheus", "admin", "admin_port", "control")


def test_everything_declared_here_is_in_the_catalogue() -> None:
    declared = [one for one in vars(attributes).values() if isinstance(one, Attribute)]
    assert set(ATTRIBUTES) == set(declared)
    events = {one for one in vars(attributes).values() if isinstance(one, Event)}
    assert events <= set(EVENTS)


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.name)
def test_names_are_as_opentelemetry_advises(attribute: Attribute) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)*", attribute.name)


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.name)
def test_what_identifies_a_person_or_a_request_is_no_label(attribute: Attribute) -> None:
    private = ("client.", "url.path", "url.query", "trace_", "span_", "parent_span_")
    if attribute.name.startswith(private):
        assert attribute.label == ""


def test_what_may_be_a_label_is_one() -> None:
    used = {label for metric in METRICS for label in metric.labels}
    assert {one.name for one in ATTRIBUTES if one.label} == {one.name for one in used}


def test_methods_are_those_that_the_wire_reads_as_they_are() -> None:
    assert all(re.fullmatch("[A-Z]+", method) for method in KNOWN_METHODS)
    assert OTHER_METHOD not in KNOWN_METHODS
    assert {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} <= KNOWN_METHODS


def test_short_forms_stand_for_declared_attributes() -> None:
    assert set(KEYWORDS.values()) <= set(ATTRIBUTES)


def test_every_event_written_in_the_package_is_declared_and_every_declared_one_written() -> None:
    written = words("log_event", 0, "name") | words("Notice", 0, "event")
    # Requests and decisions are told by records, not by calls.
    assert written == {event.name for event in EVENTS} - {
        attributes.REQUEST.name,
        attributes.DECISION.name,
    }


def test_every_attribute_of_an_event_written_in_the_package_is_declared() -> None:
    written = {attribute_name(keyword) for keyword in keywords("log_event")}
    assert written
    assert written <= {attribute.name for attribute in ATTRIBUTES}


def test_every_declared_attribute_is_used_somewhere() -> None:
    package = Path(attributes.__file__).parents[1]
    texts = [one.read_text("utf-8") for one in package.rglob("*.py") if one.stem != "attributes"]
    source = "\n".join(texts)
    logged = {attribute_name(keyword) for keyword in keywords("log_event")}
    # Where it listens is told under the names of its doors.
    logged |= {f"sidecar.{door}" for door in _DOORS}
    unused = [
        one.name
        for variable, one in vars(attributes).items()
        if isinstance(one, Attribute)
        and not re.search(rf"\b{variable}\b", source)
        and f'"{one.name}"' not in source
        and one.name not in logged
    ]
    assert unused == []
