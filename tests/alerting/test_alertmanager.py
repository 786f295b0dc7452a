from __future__ import annotations

from typing import Any

import pytest
from ruamel.yaml import YAML

from sidecar.alerting.alertmanager import INHIBITIONS, Mail, configuration, fragment
from sidecar.alerting.notifying import Channel, Notifying
from sidecar.alerting.office_hours import parse_office_hours

PAGE = Channel(url="https://hooks.shop.example/page")
TICKETS = Channel(mail=("a@shop.example", "b@shop.example"))
MAIL = Mail("smtp.shop.example:587", "alerts@shop.example")


def read(text: str) -> dict[str, Any]:
    tree: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return tree


def test_a_small_configuration() -> None:
    text = configuration(Notifying(page=PAGE, profile="demo"), header=["Made by hand."])
    assert text.startswith(
        """\
# Made by hand.
route:
  receiver: sidecar-ticket
  group_by:
    - alertname
    - service
  routes:
    - matchers:
        - 'managed_by="sidecar"'
      receiver: sidecar-ticket
      group_by:
        - alertname
        - service
      routes:
        - matchers:
            - 'severity="page"'
          receiver: sidecar-page
          group_wait: 1s
          group_interval: 2s
          repeat_interval: 1m
        - matchers:
            - 'severity="ticket"'
          receiver: sidecar-ticket
          group_wait: 3s
          group_interval: 3s
          repeat_interval: 5m
inhibit_rules:
"""
    )
    assert text.endswith(
        """\
receivers:
  - name: sidecar-page
    webhook_configs:
      - url: "https://hooks.shop.example/page"
        send_resolved: true
  - name: sidecar-ticket
    webhook_configs:
      - url: "https://hooks.shop.example/page"
        send_resolved: true
"""
    )


def test_mail_goes_through_a_server() -> None:
    tree = read(configuration(Notifying(page=PAGE, ticket=TICKETS), MAIL))
    assert tree["global"] == {
        "smtp_smarthost": "smtp.shop.example:587",
        "smtp_from": "alerts@shop.example",
    }
    assert tree["receivers"][1]["email_configs"] == [
        {"to": "a@shop.example, b@shop.example", "send_resolved": True}
    ]


def test_mail_without_a_server_is_refused() -> None:
    with pytest.raises(ValueError, match="mail needs a server"):
        configuration(Notifying(page=PAGE, ticket=TICKETS))


def test_office_hours_mute_tickets() -> None:
    hours = parse_office_hours("mon-fri 09:00-18:00 Europe/Berlin")
    tree = read(configuration(Notifying(page=PAGE, office_hours=hours)))
    page, ticket = tree["route"]["routes"][0]["routes"]
    (muted,) = tree["time_intervals"]
    assert ticket["mute_time_intervals"] == [muted["name"]]
    assert "mute_time_intervals" not in page
    assert muted["time_intervals"] == hours.outside()


def test_the_name_of_an_owner_is_text() -> None:
    owner = 'the "A\\B" team'
    tree = read(configuration(Notifying(page=PAGE, owners={owner: PAGE})))
    first = tree["route"]["routes"][0]["routes"][0]
    assert first["matchers"] == ['severity="page"', 'owner="the \\"A\\\\B\\" team"']


def test_a_fragment_has_what_is_ours_and_nothing_for_all() -> None:
    notifying = Notifying(page=PAGE, ticket=TICKETS)
    part, whole = read(fragment(notifying)), read(configuration(notifying, MAIL))
    assert part.pop("routes") == whole["route"]["routes"]
    assert part.keys() == {"inhibit_rules", "receivers"}
    assert all(part[name] == whole[name] for name in part)


def test_only_our_alerts_silence_and_are_silenced() -> None:
    for rule in read(configuration(Notifying(page=PAGE)))["inhibit_rules"]:
        assert rule["source_matchers"][0] == rule["target_matchers"][0] == 'managed_by="sidecar"'
        assert "service" in rule["equal"]


def test_nothing_is_silenced_by_a_ticket_unless_it_is_one() -> None:
    for one in INHIBITIONS:
        woken = 'severity="page"' in one.source
        only_tickets = 'alertname="SidecarTelemetryBehind"' in one.target
        assert woken or only_tickets
