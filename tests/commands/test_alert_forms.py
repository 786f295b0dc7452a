from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sidecar.alerting.alertmanager import Mail
from sidecar.alerting.notifying import Notifying, parse_channel
from sidecar.commands.alert_forms import Form, Wanted, text_of
from tests.alerting.examples import RECORDED, breaker, burn, group

GROUPS = [group(RECORDED, breaker(), burn())]
SECRET = "https://hooks.shop.example/secret"
WHO = Notifying(page=parse_channel(SECRET))


def made(form: Form, **more: Any) -> str:
    shaped = {"rules": ("order.rules.yaml",), "profile": "production", **more}
    return text_of(GROUPS, Wanted(form=form, **shaped))


def test_a_file_says_how_it_is_made_again() -> None:
    text = made(Form.PROMETHEUS, out=Path("my alerts.yaml"), runbook="https://wiki/x")
    assert text.startswith(
        "# Alerts of order, made from rule files: changes here are lost.\n"
        "# Change the rule files, and make it again:\n"
        "#   sidecar alerts order.rules.yaml --profile production --form prometheus "
        "--runbook https://wiki/x --out 'my alerts.yaml'\n"
        "groups:\n"
    )


def test_grafana_has_its_own_options() -> None:
    text = made(Form.GRAFANA, folder="Sidecar", data_source="prom")
    assert "--form grafana --folder Sidecar --data-source prom\n" in text
    tree = YAML(typ="safe", pure=True).load(text)
    assert tree["groups"][0]["folder"] == "Sidecar"
    assert tree["groups"][0]["rules"][0]["data"][0]["datasourceUid"] == "prom"


def test_where_people_are_told_stands_only_where_it_must() -> None:
    head, _, rest = made(Form.ALERTMANAGER, notifying=WHO, is_fragment=True).partition("routes:")
    assert "--form alertmanager --fragment --page-to …\n" in head
    assert "secret" not in head
    assert "secret" in rest
    for form in set(Form) - {Form.ALERTMANAGER, Form.TABLE}:
        assert "secret" not in made(form, notifying=WHO)


def test_alertmanager_needs_somebody() -> None:
    with pytest.raises(ValueError, match="say with --page-to who is woken"):
        made(Form.ALERTMANAGER)


def test_mail_is_sent_somehow() -> None:
    mail = Notifying(page=parse_channel("mailto:a@shop.example"))
    with pytest.raises(ValueError, match="mail needs a server"):
        made(Form.ALERTMANAGER, notifying=mail)
    text = made(Form.ALERTMANAGER, notifying=mail, mail=Mail("smtp:25", "x@shop.example"))
    assert "smtp_smarthost: smtp:25\n" in text


def test_an_owner_of_nothing_is_a_mistake() -> None:
    who = Notifying(page=parse_channel(SECRET), owners={"trade-teem": parse_channel(SECRET)})
    with pytest.raises(
        ValueError, match="--owner-to trade-teem: the alerts are owned by trade-team"
    ):
        made(Form.ALERTMANAGER, notifying=who)


def test_programs_get_all_of_it() -> None:
    read = json.loads(made(Form.JSON))
    assert read["profile"] == "production"
    (found,) = read["groups"]
    assert [rule.get("name", rule.get("record")) for rule in found["rules"]] == [
        RECORDED.record,
        "SidecarBreakerOpen",
        "SidecarSloBurn",
    ]
    assert found["rules"][1]["severity"] == "page"


@pytest.mark.parametrize("form", sorted(set(Form) - {Form.TABLE}))
def test_it_is_the_same_each_time(form: Form) -> None:
    who = {"notifying": WHO, "folder": "x", "data_source": "y"}
    assert made(form, **who) == made(form, **who)
