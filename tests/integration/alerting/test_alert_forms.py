"""Alerts as real programs read them: promtool with Prometheus's templates, amtool, Alertmanager."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.alerting.alert import Alert
from sidecar.alerting.alertmanager import Mail, configuration, fragment
from sidecar.alerting.notifying import Channel, Notifying, owner_receiver
from sidecar.alerting.office_hours import parse_office_hours
from sidecar.alerting.prometheus import rule_file
from tests.alerting.examples import RECORDED, breaker, burn, group
from tests.servers.alertmanager import Alertmanager, amtool, receivers_of
from tests.servers.ports import wait_until
from tests.servers.prometheus import promtool

pytestmark = pytest.mark.integration

OWNER = 'the "A\\B" team'
WHO = Notifying(
    page=Channel(url="http://127.0.0.1:9/page"),
    ticket=Channel(mail=("team@shop.example",)),
    owners={"trade-team": Channel(url="http://127.0.0.1:9/trade"), OWNER: Channel(url="http://x")},
    office_hours=parse_office_hours("mon-fri 09:00-18:00 Europe/Berlin"),
)
MAIL = Mail("127.0.0.1:25", "alerts@shop.example")
#: What templates and YAML are made of, more often than by chance.
SPICY = st.lists(
    st.one_of(
        st.sampled_from(["{", "{{", "}}", "$", "{{ $value }}", "{{- ", '"', "'", "`", "\\", "\n"]),
        st.sampled_from(
            ["\\x24", "%", "#", ": ", "- ", "é", "😀", "\u0085", "\u2028", "\ufeff", "\t"]
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    ),
    max_size=12,
).map("".join)


def quoted(text: str) -> str:
    """Between the double quotes of YAML, nothing left to how anybody writes or reads them."""
    return '"' + "".join(f"\\U{ord(one):08x}" for one in text) + '"'


def firing(index: int, text: str) -> Alert:
    """An alert that says this text everywhere where text of a rule file may stand."""
    return msgspec.structs.replace(
        breaker(),
        name=f"Alert{index}",
        expression="vector(1)",
        for_seconds=0.0,
        labels={"team": text},
        annotations={"why": text, "source": text, "summary": f"{text}{{{{ $value }}}}"},
    )


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(SPICY.filter(bool), min_size=40, max_size=80))
def test_text_of_rule_files_is_never_a_template(tmp_path: Path, texts: list[str]) -> None:
    alerts = [firing(index, text) for index, text in enumerate(texts)]
    (tmp_path / "alerts.yaml").write_text(rule_file([group(*alerts)]), encoding="utf-8")
    expected = "".join(
        f"    - eval_time: 1m\n      alertname: Alert{index}\n      exp_alerts:\n"
        f"      - exp_labels: {{team: {quoted(text)}}}\n"
        f"        exp_annotations: {{why: {quoted(text)}, source: {quoted(text)},"
        f" summary: {quoted(text + '1')}}}\n"
        for index, text in enumerate(texts)
        if "{{ $" not in text
    )
    path = tmp_path / "test.yaml"
    path.write_text(
        f"rule_files: [alerts.yaml]\ntests:\n  - alert_rule_test:\n{expected}", encoding="utf-8"
    )
    assert "SUCCESS" in promtool("test", "rules", path)


def test_promtool_reads_rules(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    groups = [group(RECORDED, breaker()), group(burn(), name="sidecar pay", seconds=0.5)]
    path.write_text(rule_file(groups, ["Made of: it"]), encoding="utf-8")
    assert "SUCCESS: 3 rules found" in promtool("check", "rules", path)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "alertmanager.yml"
    path.write_text(configuration(WHO, MAIL, ["Made of: it"]), encoding="utf-8")
    return path


def test_amtool_reads_the_configuration(written: Path) -> None:
    assert "SUCCESS" in amtool("check-config", written)


def test_amtool_reads_one_that_ours_was_put_into(tmp_path: Path) -> None:
    """As somebody does it who has one: each list to the list of the same name."""
    routes, rest = fragment(WHO).split("inhibit_rules:")
    theirs = (
        "global: {smtp_smarthost: 'x:25', smtp_from: a@x.example}\nroute:\n  receiver: theirs\n"
    )
    indented = "".join(f"  {line}\n" for line in routes.splitlines())
    whole = f"{theirs}{indented}inhibit_rules:{rest}".replace(
        "receivers:\n", "receivers:\n  - name: theirs\n"
    )
    path = tmp_path / "alertmanager.yml"
    path.write_text(whole, encoding="utf-8")
    assert "SUCCESS" in amtool("check-config", path)
    assert receivers_of(path, alertname="Theirs") == ["theirs"]
    assert receivers_of(path, managed_by="sidecar", severity="page") == ["sidecar-page"]


@pytest.mark.parametrize(
    "labels,receiver",
    [
        ({"severity": "page"}, "sidecar-page"),
        ({"severity": "ticket"}, "sidecar-ticket"),
        ({"severity": "page", "owner": "somebody"}, "sidecar-page"),
        ({"severity": "page", "owner": "trade-team"}, "sidecar-owner-trade-team"),
        ({"severity": "ticket", "owner": "trade-team"}, "sidecar-owner-trade-team"),
        ({"severity": "page", "managed_by": "somebody"}, "sidecar-ticket"),
    ],
)
def test_who_is_told(written: Path, labels: dict[str, str], receiver: str) -> None:
    asked = {"alertname": "SidecarSloBurn", "managed_by": "sidecar", **labels}
    assert receivers_of(written, **asked) == [receiver]


def labels(name: str, severity: str, **more: str) -> dict[str, str]:
    common = {"alertname": name, "severity": severity, "managed_by": "sidecar", "service": "order"}
    return {**common, **more}


#: What silences what, and what it must not silence.
SILENCED = [
    (labels("SidecarAbsent", "page"), labels("SidecarErrors", "page")),
    (labels("SidecarAbsent", "page"), labels("SidecarDown", "ticket")),
    (labels("SidecarSloBurn", "page", slo="a"), labels("SidecarSloBurn", "ticket", slo="a")),
    (labels("SidecarSloBurn", "page", slo="a"), labels("SidecarSloBudgetLow", "ticket", slo="a")),
    (
        labels("SidecarRefusing", "page", rule="rate_limits/all", alert="many"),
        labels("SidecarRefusing", "ticket", rule="rate_limits/all", alert="some"),
    ),
    (
        labels("SidecarExporterDown", "ticket", exporter="otlp"),
        labels("SidecarTelemetryBehind", "ticket", exporter="otlp"),
    ),
]
HEARD = [
    (labels("SidecarAbsent", "page"), labels("SidecarErrors", "page", service="pay")),
    (labels("SidecarAbsent", "ticket"), labels("SidecarErrors", "page")),
    (labels("SidecarAbsent", "page"), labels("Theirs", "page", managed_by="somebody")),
    (labels("SidecarSloBurn", "page", slo="a"), labels("SidecarSloBurn", "ticket", slo="b")),
    (labels("SidecarSloBurn", "ticket", slo="a"), labels("SidecarSloBurn", "page", slo="a")),
    (labels("SidecarBreakerOpen", "page", rule="breakers/a"), labels("SidecarErrors", "page")),
    (labels("SidecarErrors", "page"), labels("SidecarRulesRefused", "ticket")),
    # Other routes, somebody else's, lost for another reason: nobody has been woken for these.
    (
        labels("SidecarErrors", "page", route="pay", alert="pay"),
        labels("SidecarErrors", "ticket", route="look", alert="look"),
    ),
    (
        labels("SidecarSloBurn", "page", slo="a", owner="shop"),
        labels("SidecarSloBurn", "ticket", slo="a", owner="stock"),
    ),
    (
        labels("SidecarSloBurn", "page", slo="a", owner="shop"),
        labels("SidecarSloBudgetLow", "ticket", slo="a", owner="stock"),
    ),
    (
        labels("SidecarTelemetryDropped", "page", exporter="otlp", reason="rejected"),
        labels("SidecarTelemetryDropped", "ticket", exporter="elasticsearch", reason="rejected"),
    ),
    # It is gone there, not here.
    *(
        (
            labels("SidecarAbsent", "page", **{place: "there"}),
            labels("SidecarErrors", "page", **{place: "here"}),
        )
        for place in ("cluster", "region", "environment", "env")
    ),
    (
        labels("SidecarExporterDown", "ticket", exporter="otlp"),
        labels("SidecarTelemetryBehind", "ticket", exporter="elasticsearch"),
    ),
]


def test_what_silences_what(alertmanager_with: Callable[[str], Alertmanager]) -> None:
    """Each pair on its own, told apart by a service of its own."""
    alertmanager = alertmanager_with(configuration(WHO, MAIL))
    pairs = []
    for index, (source, target) in enumerate([*SILENCED, *HEARD]):
        named = [
            {**one, "service": f"{one.get('service')}-{index}", "pair": str(index), "which": which}
            for one, which in ((source, "source"), (target, "target"))
        ]
        pairs.append(named)
    alertmanager.send(*(one for pair in pairs for one in pair))
    wait_until(lambda: len(alertmanager.alerts()) == 2 * len(pairs), "all alerts there")

    def silenced() -> set[int]:
        return {
            int(one["labels"]["pair"])
            for one in alertmanager.alerts(which="target")
            if one["status"]["inhibitedBy"]
        }

    wanted = set(range(len(SILENCED)))
    wait_until(lambda: silenced() == wanted, "those that are silenced, and no others")


def test_receivers_have_the_names_that_routes_have(written: Path) -> None:
    asked = {"managed_by": "sidecar", "severity": "page"}
    # amtool cannot be given quotes in a value; Alertmanager itself has read them above.
    assert owner_receiver(OWNER) in written.read_text(encoding="utf-8")
    assert receivers_of(written, **asked, owner="trade-team") == [owner_receiver("trade-team")]
