from __future__ import annotations

from sidecar.alerting.profile import PRODUCTION
from sidecar.alerting.site import Site
from sidecar.model.policy import Mode
from tests.alerting.files import EVERYTHING, UPSTREAMS
from tests.ruleset.compiled import checked, rule_file

_CHECKED = checked(rule_file(EVERYTHING, upstreams=UPSTREAMS))
_LINES = _CHECKED.document.lines
assert _CHECKED.file is not None
FILE = _CHECKED.file
SITE = Site(FILE, _CHECKED.document, PRODUCTION)


def _line(text: str) -> int:
    return next(number for number, line in enumerate(_LINES, 1) if text in line)


def test_a_rule_is_told_with_its_line_its_reason_and_its_labels() -> None:
    told = SITE.rule(FILE.rate_limits[1])
    assert (told.name, told.why) == ("rate_limits/each", "")
    assert told.source.line == _line("name: each")
    assert told.labels == {"team": "abuse", "rule": "rate_limits/each"}
    assert SITE.rule(FILE.breakers[0]).why == "no stock no sale"


def test_objectives_and_upstreams_are_told_with_their_lines() -> None:
    slo = SITE.objective(FILE.slo[1])
    assert (slo.name, slo.labels) == ("slo/quick", {"slo": "quick"})
    assert slo.source.line == _line("name: quick")
    upstream = SITE.upstream("inventory")
    assert (upstream.name, upstream.labels) == ("upstreams/inventory", {"upstream": "inventory"})
    assert str(upstream.source) == "shop.yaml:4"


def test_the_service_stands_where_its_entry_does_or_its_name() -> None:
    assert SITE.here.source.line == _line("service: shop")
    assert SITE._replace(entry=("slo", 0)).here.source.line == _line("name: up,")
    assert SITE.here.name == "services/shop"


def test_a_setting_is_told_with_its_line_where_there_is_one() -> None:
    assert SITE.at(("telemetry", "files")).source.line == _line("files: {folder")
    assert SITE.at(("telemetry", "otlp")) == SITE.here


def test_which_rules_are_meant() -> None:
    assert [one.name for one in SITE.rules_of("breakers")] == ["inventory"]
    assert [one.name for one in SITE.rules_of("breakers", mode=Mode.SHADOW)] == ["careful"]
    assert [one.name for one in SITE.rules_called(("careful",), "breakers")] == ["careful"]
    assert [one.kind for one in SITE.rules_called(("overload/host",))] == ["overload"]
    assert [one.name for one in SITE.objectives_called(())] == ["up", "quick"]
    assert [one.name for one in SITE.objectives_called(("quick",))] == ["quick"]
