from __future__ import annotations

import re

from sidecar.alerting.grafana_notifying import contact_points, mute_timings, policy
from sidecar.alerting.notifying import Channel, Notifying
from sidecar.alerting.office_hours import parse_office_hours

PAGE = Channel(url="https://hooks.shop.example/page")
TICKETS = Channel(mail=("a@shop.example", "b@shop.example"))
HOURS = parse_office_hours("mon-fri 09:00-18:00 Europe/Berlin")
WHO = Notifying(page=PAGE, ticket=TICKETS, owners={"Trade & Co": PAGE}, office_hours=HOURS)


def test_contact_points() -> None:
    page, ticket, owner = contact_points(WHO)
    assert page == {
        "uid": "sidecar-page",
        "name": "sidecar-page",
        "type": "webhook",
        "settings": {"url": "https://hooks.shop.example/page", "httpMethod": "POST"},
        "disableResolveMessage": False,
    }
    assert ticket["type"] == "email"
    assert ticket["settings"] == {
        "addresses": "a@shop.example;b@shop.example",
        "singleEmail": True,
    }
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", owner["uid"])


def test_our_route_of_the_tree() -> None:
    tree = policy(WHO)
    assert tree["object_matchers"] == [["managed_by", "=", "sidecar"]]
    named = {point["name"] for point in contact_points(WHO)}
    assert {one["receiver"] for one in (tree, *tree["routes"])} <= named
    last = tree["routes"][-1]
    assert last == {
        "receiver": "sidecar-ticket",
        "object_matchers": [["severity", "=", "ticket"]],
        "group_by": ["grafana_folder", "alertname", "service"],
        "group_wait": "2m",
        "group_interval": "15m",
        "repeat_interval": "1d",
        "mute_time_intervals": ["sidecar-outside-office-hours"],
    }


def test_mute_timings() -> None:
    assert mute_timings(WHO) == [
        {"name": "sidecar-outside-office-hours", "time_intervals": HOURS.outside()}
    ]
    assert mute_timings(Notifying(page=PAGE)) == []
