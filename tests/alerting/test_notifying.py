from __future__ import annotations

import re

import pytest

from sidecar.alerting.alert import Severity
from sidecar.alerting.notifying import (
    PACES,
    Channel,
    Notifying,
    owner_receiver,
    parse_channel,
)
from sidecar.alerting.office_hours import parse_office_hours

PAGE = Channel(url="https://hooks.shop.example/page")
TICKETS = Channel(mail=("team@shop.example",))


def test_channels() -> None:
    assert parse_channel("https://hooks.shop.example/page") == PAGE
    assert parse_channel("mailto:team@shop.example") == TICKETS
    assert parse_channel("mailto:a@x.example, b@x.example").mail == ("a@x.example", "b@x.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.shop.example/secret",
        "ftp://shop.example/secret",
        "https:///secret",
        "https://shop.example:port/secret",
        "https://[secret",
        "https://shop.example/secret key",
        "https://shop.example/secret\n",
        "mailto:",
        "mailto:secret",
        "mailto:secret@shop.example,",
        "mailto:secret@shop.example\nBcc: x@y.example",
    ],
)
def test_what_is_none_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="write https://HOST/PATH") as raised:
        parse_channel(text)
    assert "secret" not in str(raised.value)


def test_a_channel_is_not_shown() -> None:
    assert "hooks" not in f"{PAGE} {PAGE!r} {Notifying(page=PAGE)}"


def test_tickets_go_to_who_is_paged_when_nobody_else_is_named() -> None:
    assert Notifying(page=PAGE).receivers() == {"sidecar-page": PAGE, "sidecar-ticket": PAGE}


def test_the_most_special_route_comes_first() -> None:
    routes = list(Notifying(page=PAGE, ticket=TICKETS, owners={"trade-team": TICKETS}).routes())
    assert [(one.receiver, one.labels) for one in routes] == [
        ("sidecar-owner-trade-team", {"severity": "page", "owner": "trade-team"}),
        ("sidecar-page", {"severity": "page"}),
        ("sidecar-owner-trade-team", {"severity": "ticket", "owner": "trade-team"}),
        ("sidecar-ticket", {"severity": "ticket"}),
    ]


def test_only_tickets_wait_for_office_hours() -> None:
    hours = parse_office_hours("mon-fri 09:00-18:00")
    routes = list(Notifying(page=PAGE, office_hours=hours).routes())
    assert {one.receiver: one.muted for one in routes} == {
        "sidecar-page": False,
        "sidecar-ticket": True,
    }
    assert not any(one.muted for one in Notifying(page=PAGE).routes())


@pytest.mark.parametrize("profile", sorted(PACES))
def test_a_ticket_waits_for_the_page_that_silences_it(profile: str) -> None:
    page, ticket = (PACES[profile][severity] for severity in (Severity.PAGE, Severity.TICKET))
    assert page.wait < ticket.wait
    for pace in (page, ticket):
        assert pace.wait <= pace.interval < pace.repeat


@pytest.mark.parametrize("owner", ["trade-team", "Trade & Co", "x" * 64, "käse", "-", ""])
def test_the_receiver_of_an_owner_has_a_plain_name(owner: str) -> None:
    assert re.fullmatch(r"sidecar-owner-[a-zA-Z0-9_-]{1,26}", owner_receiver(owner))


def test_two_owners_are_not_mixed_up() -> None:
    assert owner_receiver("a b") != owner_receiver("a  b")
