from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sidecar.alerting.grafana_notifying import policy
from sidecar.provision.grafana.alerts import notified
from sidecar.provision.grafana.notified import (
    POLICY,
    REDACTED,
    ContactPoints,
    MuteTimings,
    Policy,
    policy_wanted,
)
from sidecar.provision.grafana.wanted import FROM_A_FILE, Found
from sidecar.provision.step import Refused
from tests.provision.grafana.planned import NOTIFYING, PLAN, WEBHOOK
from tests.provision.grafana.pretended import PretendedGrafana

_TOLD = notified(PLAN)
[_PAGE, _TICKET, _OWNER] = _TOLD.points
[_TIMING] = _TOLD.timings
_ROUTE = policy_wanted(policy(NOTIFYING), ())


@pytest.fixture
def pretended() -> PretendedGrafana:
    """One that has all that our route needs."""
    it = PretendedGrafana()
    for point in _TOLD.points:
        ContactPoints(it.server()).create(point)
    MuteTimings(it.server()).create(_TIMING)
    return it


def _found(found: Found | None) -> Found:
    assert found is not None
    return found


def _point(pretended: PretendedGrafana, uid: str) -> dict[str, Any]:
    return next(one for one in pretended.state.contact_points if one["uid"] == uid)


def test_contact_points_can_be_edited(pretended: PretendedGrafana) -> None:
    points = ContactPoints(pretended.server())

    found = _found(points.find(_PAGE))
    assert (found.body, found.ours, found.locked) == (_PAGE.body, True, "")
    assert _point(pretended, "sidecar-page")["settings"]["url"] == WEBHOOK
    assert pretended.state.provenance["contactPoint", "sidecar-page"] == ""
    assert set(points.ours()) == {"sidecar-page", "sidecar-ticket", "sidecar-owner-trade-team"}
    points.delete("sidecar-page")
    points.delete("sidecar-page")
    assert points.find(_PAGE) is None


def test_what_others_have_set_in_ours_stays(pretended: PretendedGrafana) -> None:
    points = ContactPoints(pretended.server())
    settings = _point(pretended, "sidecar-page")["settings"]
    settings |= {"url": "https://elsewhere", "maxAlerts": "5", "password": "canary"}

    found = _found(points.find(_PAGE))
    assert found.body["settings"]["url"] == "https://elsewhere"
    points.change(_PAGE, found)

    settings = _point(pretended, "sidecar-page")["settings"]
    assert settings == {
        "url": WEBHOOK, "httpMethod": "POST", "maxAlerts": "5", "password": "canary",
    }  # fmt: skip


def test_mail_in_place_of_a_webhook_has_nothing_of_it(pretended: PretendedGrafana) -> None:
    points = ContactPoints(pretended.server())
    mail = {**_TICKET.body, "name": "sidecar-page"}
    wanted = msgspec.structs.replace(_PAGE, body=mail)

    points.change(wanted, _found(points.find(wanted)))

    there = _point(pretended, "sidecar-page")
    assert (there["type"], there["settings"]) == ("email", _TICKET.body["settings"])
    assert _found(points.find(wanted)).body == wanted.body


@pytest.mark.parametrize("renew", [False, True])
def test_what_is_not_shown_is_taken_to_be_right(pretended: PretendedGrafana, renew: bool) -> None:
    _point(pretended, "sidecar-page")["settings"]["url"] = REDACTED

    found = _found(ContactPoints(pretended.server(), renew_secrets=renew).find(_PAGE))

    assert (found.body == _PAGE.body) is not renew


def test_contact_points_of_others_are_told(pretended: PretendedGrafana) -> None:
    points = ContactPoints(pretended.server())
    _point(pretended, "sidecar-page")["uid"] = "theirs"
    assert _found(points.find(_PAGE)).ours is False
    assert "theirs" not in points.ours()
    _point(pretended, "theirs").update(uid="sidecar-page", name="Pager")
    assert _found(points.find(_PAGE)).ours is False
    pretended.state.provenance["contactPoint", "sidecar-ticket"] = "file"
    assert _found(points.find(_TICKET)).locked == FROM_A_FILE


def test_a_contact_point_is_deleted_as_whose_it_is(pretended: PretendedGrafana) -> None:
    points = ContactPoints(pretended.server())
    pretended.state.provenance["contactPoint", "sidecar-page"] = "api"
    points.delete("sidecar-page")
    assert "sidecar-page" not in points.ours()

    pretended.state.provenance["contactPoint", "sidecar-ticket"] = "file"
    with pytest.raises(Refused, match=FROM_A_FILE):
        points.delete("sidecar-ticket")
    assert "sidecar-ticket" in points.ours()


def test_a_mute_timing_is_changed_as_whose_it_is(pretended: PretendedGrafana) -> None:
    timings = MuteTimings(pretended.server())
    assert _found(timings.find(_TIMING)).body == _TIMING.body
    for provenance in ("", "api"):
        pretended.state.provenance["muteTimeInterval", _TIMING.key] = provenance
        there = pretended.state.mute_timings[_TIMING.key]
        there["time_intervals"][0]["location"] = "UTC"
        found = _found(timings.find(_TIMING))
        assert found.body != _TIMING.body
        timings.change(_TIMING, found)
        assert _found(timings.find(_TIMING)).body == _TIMING.body
        assert pretended.state.provenance["muteTimeInterval", _TIMING.key] == provenance

    assert list(timings.ours()) == [_TIMING.key]
    timings.delete(_TIMING.key)
    timings.delete(_TIMING.key)
    assert (timings.find(_TIMING), timings.ours()) == (None, {})


_THEIRS = {"receiver": "grafana-default-email", "object_matchers": [["team", "=", "x"]]}
_NEARLY = {**_THEIRS, "object_matchers": [["managed_by", "=", "sidecar"], ["team", "=", "x"]]}


def test_our_route_goes_first_and_all_others_stay(pretended: PretendedGrafana) -> None:
    tree = {**pretended.state.policies, "group_wait": "10s", "routes": [_THEIRS, _NEARLY]}
    pretended.state.policies = tree
    shelf = Policy(pretended.server())
    assert shelf.find(_ROUTE) is None
    shelf.create(_ROUTE)

    ours, *others = pretended.state.policies["routes"]
    assert others == [_THEIRS, _NEARLY]
    assert {**pretended.state.policies, "routes": []} == {**tree, "routes": []}
    assert ours["object_matchers"] == [["managed_by", "=", "sidecar"]]
    assert _found(shelf.find(_ROUTE)).body == _ROUTE.body
    assert shelf.ours() == {POLICY: POLICY}
    shelf.delete(POLICY)
    assert pretended.state.policies == tree
    shelf.delete(POLICY)
    assert shelf.ours() == {}


def test_our_route_is_put_right_where_it_is(pretended: PretendedGrafana) -> None:
    shelf = Policy(pretended.server())
    shelf.create(_ROUTE)
    [ours] = pretended.state.policies["routes"]
    pretended.state.policies["routes"] = [_THEIRS, {**ours, "routes": []}]

    found = _found(shelf.find(_ROUTE))
    assert found.body != _ROUTE.body
    shelf.change(_ROUTE, found)

    assert pretended.state.policies["routes"] == [_THEIRS, ours]


def test_matchers_in_other_words_are_the_same(pretended: PretendedGrafana) -> None:
    shelf = Policy(pretended.server())
    shelf.create(_ROUTE)
    [ours] = pretended.state.policies["routes"]
    del ours["object_matchers"]
    ours["matchers"] = ['managed_by="sidecar"']

    assert _found(shelf.find(_ROUTE)).body == _ROUTE.body


@pytest.mark.parametrize("provenance", ["", "api"])
def test_whose_the_tree_is_stays(pretended: PretendedGrafana, provenance: str) -> None:
    pretended.state.provenance["route", ""] = provenance
    Policy(pretended.server()).create(_ROUTE)

    assert pretended.state.provenance["route", ""] == provenance


def test_a_tree_of_a_file_is_told_before_it_is_tried(pretended: PretendedGrafana) -> None:
    pretended.state.provenance["route", ""] = "file"

    assert _found(Policy(pretended.server()).find(_ROUTE)).locked == FROM_A_FILE
