from __future__ import annotations

import pytest
from pydantic import ValidationError

from sidecar.cluster.ejection import EjectSettings
from sidecar.cluster.health import CheckSettings
from sidecar.ruleset.endpoint_sections import EjectSpec, HealthSpec
from tests.ruleset.compiled import compiled, rule_file

TARGETS = "targets: [10.0.0.5:8080, 10.0.0.6:8080]"


def test_what_is_left_out() -> None:
    assert EjectSpec.model_validate({}).settings == EjectSettings()
    assert HealthSpec.model_validate({"get": "/healthz"}).settings == CheckSettings(b"/healthz")


def test_what_is_written() -> None:
    eject = EjectSpec.model_validate(
        {"after_consecutive_failures": 2, "for": "5s", "at_most": "100%"}
    )
    assert eject.settings == EjectSettings(2, 5.0, 1.0)
    written = {"get": "/größe", "every": "2s", "timeout": "500ms", "healthy_after": 1}
    health = HealthSpec.model_validate(
        {**written, "unhealthy_after": 5, "expect": [200, "301-302"]}
    )
    ranges = ((200, 200), (301, 302))
    assert health.settings == CheckSettings(b"/gr%C3%B6%C3%9Fe", 2.0, 0.5, 1, 5, ranges)
    assert [health.settings.expects(status) for status in (200, 201, 300, 301, 302, 303)] == [
        True, False, False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fields", [{"get": "/", "every": "1s", "timeout": "2s"}, {"get": "*"}, {}, {"get": "/?a"}]
)
def test_checks_that_cannot_be(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        HealthSpec.model_validate(fields)


def test_an_ejection_that_cannot_be() -> None:
    with pytest.raises(ValidationError):
        EjectSpec.model_validate({"at_most": "0%"})


def test_a_cluster_is_compiled_with_them_and_keeps_its_health() -> None:
    plain = compiled(rule_file(upstreams=f"{{app: {{{TARGETS}}}}}"))
    before = plain.clusters["app"]
    assert (before.eject, before.checks) == (None, None)
    extra = "eject: {for: 5s}, health: {get: /healthz}, balance: random"
    after = compiled(rule_file(upstreams=f"{{app: {{{TARGETS}, {extra}}}}}"), plain).clusters["app"]
    assert after.eject == EjectSettings(seconds=5.0)
    assert after.checks == CheckSettings(b"/healthz")
    assert after.health is before.health
    # Compiling changes nothing of what is in force.
    assert [one.watch for one in before.endpoints] == [None, None]
    after.go_live()
    assert after.health.eject == after.eject
    assert [one.watch for one in before.endpoints] == [after.health] * 2
