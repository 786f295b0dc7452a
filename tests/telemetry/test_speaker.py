from __future__ import annotations

import os

import pytest

from sidecar import __version__
from sidecar.telemetry.speaker import given_attributes, resource_of


def test_who_speaks_is_the_service_on_this_host() -> None:
    attributes = resource_of("order", "high", "1234", {}).attributes
    assert attributes["service.name"] == "order"
    assert attributes["service.instance.id"] == "1234"
    assert attributes["service.criticality"] == "high"
    assert attributes["process.pid"] == os.getpid()
    assert attributes["sidecar.version"] == __version__
    assert attributes["host.name"]


def test_nothing_is_said_of_a_criticality_that_nobody_knows() -> None:
    assert "service.criticality" not in resource_of("order", "", "1234", {}).attributes


def test_what_the_environment_says_is_told_too() -> None:
    text = "service.name=other,service.version=1.2.3,service.instance.id=mine"
    attributes = resource_of("order", "", "1234", {"OTEL_RESOURCE_ATTRIBUTES": text}).attributes
    assert attributes["service.name"] == "order"
    assert attributes["service.version"] == "1.2.3"
    assert attributes["service.instance.id"] == "mine"


@pytest.mark.parametrize(
    "text,found",
    [
        ("", {}),
        ("a=1,b=2", {"a": "1", "b": "2"}),
        (" a = one%2Ctwo ,b=%C3%A4", {"a": "one,two", "b": "ä"}),
        ("a,=1,b=,c=x=y", {"b": "", "c": "x=y"}),
    ],
)
def test_the_variable_of_attributes(text: str, found: dict[str, str]) -> None:
    assert given_attributes(text) == found
