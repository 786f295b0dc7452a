from __future__ import annotations

import re

import promql_parser
import pytest

from sidecar.alerting.alert import Severity
from sidecar.alerting.compile import groups
from sidecar.alerting.profile import DEMO, PRODUCTION, PROFILES, Profile
from sidecar.ruleset.alert_checks import RESERVED_LABELS
from sidecar.ruleset.alerts_section import ALERT_KINDS
from sidecar.ruleset.check import check
from sidecar.telemetry.catalogue import METRICS
from sidecar.telemetry.promql import SCRAPED
from tests.alerting.files import alerts_of, compiled, records_of
from tests.ruleset.compiled import rule_file

_OF = {"burn_rate": ", for_each: slo"}
ALL = "\n".join(
    f"name: {kind.replace('_', '-')}, kind: {kind}{_OF.get(kind, '')}" for kind in ALERT_KINDS
)
_DECLARED = {
    f"{metric.name}{suffix}": {*metric.label_names, *SCRAPED, "le"}
    for metric in METRICS
    for suffix in ("", "_bucket", "_count", "_sum")
}
_SELECTOR = re.compile(r"\b([a-z_]+(?::[a-z0-9_]+)*)\{([^}]*)\}")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda one: str(one.name))
def test_prometheus_understands_all_of_it_and_hears_of_it(profile: Profile) -> None:
    made = compiled(ALL, profile)
    recorded = {one.record for one in records_of(made)}
    for rule in (rule for group in made for rule in group.rules):
        promql_parser.parse(rule.expression)
        found = _SELECTOR.findall(rule.expression)
        assert found, rule.expression
        for name, matchers in found:
            labels = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", matchers))
            assert 'service="shop"' in matchers, rule.expression
            known = {"service", "slo"} if name in recorded else _DECLARED[name]
            assert labels <= known, rule.expression


def test_nothing_is_made_up_where_nothing_is_told() -> None:
    for rule in (rule for group in compiled(ALL) for rule in group.rules):
        assert "vector" not in rule.expression


def test_every_alert_says_whom_what_where_and_why() -> None:
    for alert in alerts_of(compiled(ALL)):
        assert alert.labels["service"] == "shop"
        assert alert.labels["severity"] == alert.severity.value
        assert alert.labels["alert"] == alert.entry
        assert alert.labels["owner"] == alert.annotations["owner"] == "shop-team"
        assert alert.labels["criticality"] == "high"
        assert alert.labels["managed_by"] == "sidecar"
        assert {"summary", "description", "rule", "source", "alert_source", "why"} <= {
            *alert.annotations
        }
        assert re.fullmatch(r"shop\.yaml:[0-9]+", alert.annotations["source"])


def test_no_two_alerts_are_the_same_to_whoever_routes_them() -> None:
    keys = [(alert.name, *sorted(alert.labels.items())) for alert in alerts_of(compiled(ALL))]
    assert len(keys) == len(set(keys))


def test_labels_are_a_closed_set_but_for_those_that_the_file_gives() -> None:
    own = {"team"}
    for alert in alerts_of(compiled(ALL)):
        assert {*alert.labels} <= RESERVED_LABELS | own
        for by in re.findall(r"^(?:sum|max|count) by \(([^)]*)\)", alert.expression):
            assert {*by.split(", ")} <= RESERVED_LABELS


def test_whoever_is_closest_owns_it_and_the_service_where_nobody_is_named() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: saturation, owner: platform"))
    assert alert.labels["owner"] == "platform"
    (alert,) = alerts_of(compiled("name: a, kind: saturation", rest=""))
    assert alert.labels["owner"] == "shop"
    assert "criticality" not in alert.labels


def test_labels_of_the_rule_and_of_the_entry_go_along_and_never_replace_ours() -> None:
    (alert,) = alerts_of(
        compiled("name: a, kind: keys_forgotten, limit: each, labels: {floor: two}")
    )
    assert (alert.labels["team"], alert.labels["floor"]) == ("abuse", "two")
    rest = (
        "keys: {client_ip: {from: client.address}}\nrate_limits:\n"
        "  - {name: each, per: client_ip, limit: 1/s, labels: {owner: x, severity: y, rule: z}}\n"
    )
    (alert,) = alerts_of(compiled("name: a, kind: keys_forgotten", rest=rest))
    assert (alert.labels["owner"], alert.labels["severity"]) == ("shop", "ticket")
    assert alert.labels["rule"] == "rate_limits/each"


def test_why_is_the_entrys_then_the_rules_then_the_kinds() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: breaker_open, why: because"))
    assert alert.annotations["why"] == "because"
    (alert,) = alerts_of(compiled("name: a, kind: breaker_open"))
    assert alert.annotations["why"] == "no stock no sale"
    (alert,) = alerts_of(compiled("name: a, kind: keys_forgotten"))
    assert alert.annotations["why"].startswith("whoever is forgotten")


def test_what_is_recorded_comes_before_whatever_reads_it() -> None:
    for group in compiled(ALL):
        kinds = [type(rule).__name__ for rule in group.rules]
        assert kinds == sorted(kinds, reverse=True)
    assert [group.name for group in compiled(ALL)] == [
        "sidecar shop slo",
        "sidecar shop budget",
        "sidecar shop",
    ]


def test_no_alerts_when_the_file_says_so_and_budgets_are_recorded_all_the_same() -> None:
    made = compiled("")
    assert alerts_of(made) == []
    assert {one.labels["slo"] for one in records_of(made)} == {"up", "quick"}
    assert compiled("", rest="") == ()


def test_the_usual_ones_have_no_line_of_their_own() -> None:
    usual = alerts_of(compiled(None))
    assert usual
    assert all("alert_source" not in alert.annotations for alert in usual)


def test_profiles_have_the_same_alerts_at_other_times() -> None:
    production, demo = (alerts_of(compiled(ALL, one)) for one in (PRODUCTION, DEMO))
    for one, other in zip(production, demo, strict=True):
        assert (one.name, one.labels, one.annotations) == (
            other.name,
            other.labels,
            other.annotations,
        )
        assert other.for_seconds <= min(15.0, one.for_seconds)
        assert other.keep_firing_seconds <= 5.0
    assert {group.interval_seconds for group in compiled(ALL, DEMO)} == {1.0}


def test_urgency_is_as_written() -> None:
    (alert,) = alerts_of(compiled("name: a, kind: saturation, severity: page, for: 3m"))
    assert (alert.severity, alert.for_seconds) == (Severity.PAGE, 180.0)


def test_a_file_with_errors_has_no_alerts() -> None:
    with pytest.raises(ValueError, match="has no alerts"):
        groups(check(rule_file("alerts: 3\n"), "shop.yaml"))
