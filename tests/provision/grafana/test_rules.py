from __future__ import annotations

from typing import Any

import pytest

from sidecar.alerting.grafana_rules import rule_groups
from sidecar.provision.grafana.rules import SINCE_12, Groups, Listed, Rules
from sidecar.provision.grafana.shelves import Sources
from sidecar.provision.grafana.sources import Places, sources
from sidecar.provision.grafana.wanted import FOLDER, FROM_A_FILE, PROMETHEUS, Found, Wanted
from sidecar.provision.step import Refused
from tests.provision.grafana.planned import PLACES, group
from tests.provision.grafana.pretended import PretendedGrafana
from tests.provision.grafana.scripted import Answer

[_BODY] = rule_groups([group("heavy", "light")], folder=FOLDER, data_source=PROMETHEUS)
_TITLE = _BODY["title"]


class _Shelves:
    """Both shelves on a Grafana that has our folder."""

    def __init__(self, *, known: bool = True) -> None:
        self.pretended = PretendedGrafana()
        server = self.pretended.server()
        server.tell(lambda api: api.folder.create_folder("Sidecar", FOLDER))
        [prometheus] = sources(Places(PLACES.prometheus))
        Sources(server).create(prometheus)
        self.listed = Listed(server)
        uids = {rule["uid"] for rule in _BODY["rules"]}
        self.rules = Rules(self.listed, uids, lambda name: known or name not in SINCE_12)
        self.groups = Groups(server, self.listed)
        self.wanted = [self.rules.wanted(rule, ()) for rule in _BODY["rules"]]

    @property
    def stored(self) -> dict[str, Any]:
        return self.pretended.state.rules


def _found(found: Found | None) -> Found:
    assert found is not None
    return found


def _whole() -> Wanted:
    return Wanted(_TITLE, {"interval": 20, "rules": _BODY["rules"]}, "alert group x")


def test_a_rule_is_created_with_its_uid_and_can_be_edited() -> None:
    on = _Shelves()
    [heavy, _] = on.wanted
    assert on.rules.find(heavy) is None
    on.rules.create(heavy)

    on.listed.forget()
    found = _found(on.rules.find(heavy))
    assert (found.body, found.ours, found.locked) == (heavy.body, True, "")
    assert on.stored[heavy.key]["title"] == heavy.body["title"]
    assert on.pretended.state.provenance["alertRule", heavy.key] == ""
    assert on.rules.ours() == {heavy.key: f"alert rule {heavy.body['title']}"}


def test_lengths_of_time_that_grafana_writes_otherwise_are_the_same() -> None:
    on = _Shelves()
    on.rules.create(on.wanted[0])
    on.stored[on.wanted[0].key]["for"] = "60s"

    assert _found(on.rules.find(on.wanted[0])).body == on.wanted[0].body


def test_what_others_have_set_in_it_is_seen() -> None:
    on = _Shelves()
    on.rules.create(on.wanted[0])
    there = on.stored[on.wanted[0].key]
    there |= {"isPaused": True, "notification_settings": {"receiver": "theirs"}}

    found = _found(on.rules.find(on.wanted[0]))

    assert found.body["isPaused"] is True
    assert found.body["notification_settings"] == {"receiver": "theirs"}
    there["notification_settings"] = None
    on.rules.change(on.wanted[0], found)
    assert there["isPaused"] is True
    assert on.stored[on.wanted[0].key]["isPaused"] is False


def test_a_rule_whose_labels_have_changed_is_the_same_rule() -> None:
    on = _Shelves()
    [heavy, light] = on.wanted
    old = {**_BODY["rules"][0], "uid": "sidecar-old"}
    Rules(on.listed, set(), lambda _name: True).create(Wanted("sidecar-old", old, "old"))
    on.listed.forget()

    found = _found(on.rules.find(heavy))

    assert (found.ours, found.whole["uid"]) == (True, "sidecar-old")
    on.rules.change(heavy, found)
    assert set(on.stored) == {"sidecar-old"}
    assert on.rules.ours() == {}
    assert on.rules.find(light) is None


def test_a_rule_of_others_with_that_title_is_not_ours() -> None:
    on = _Shelves()
    theirs = {**_BODY["rules"][0], "uid": "theirs", "labels": {}}
    on.rules.create(Wanted("theirs", theirs, "theirs"))
    on.listed.forget()

    assert _found(on.rules.find(on.wanted[0])).ours is False
    assert on.rules.ours() == {}


@pytest.mark.parametrize("provenance", ["", "api"])
def test_whose_it_is_stays(provenance: str) -> None:
    on = _Shelves()
    on.rules.create(on.wanted[0])
    key = "alertRule", on.wanted[0].key
    on.pretended.state.provenance[key] = provenance
    on.listed.forget()

    on.rules.change(on.wanted[0], _found(on.rules.find(on.wanted[0])))
    assert on.pretended.state.provenance[key] == provenance
    on.rules.delete(on.wanted[0].key)
    assert on.stored == {}


def test_a_rule_of_a_file_is_told() -> None:
    on = _Shelves()
    on.rules.create(on.wanted[0])
    on.pretended.state.provenance["alertRule", on.wanted[0].key] = "file"
    on.listed.forget()

    assert _found(on.rules.find(on.wanted[0])).locked == FROM_A_FILE


def test_what_an_old_grafana_does_not_know_is_not_wanted_of_it() -> None:
    on = _Shelves(known=False)

    assert not SINCE_12 & on.wanted[0].body.keys()
    assert _Shelves().wanted[0].body.keys() >= SINCE_12


def test_a_new_group_comes_with_all_of_its_rules() -> None:
    on = _Shelves()
    assert on.groups.is_new(_TITLE, on.wanted, on.rules)
    assert on.groups.find(_whole()) is None
    on.groups.create(_whole())

    assert len(on.stored) == 2
    assert on.pretended.state.intervals[FOLDER, _TITLE] == 20
    assert not on.groups.is_new(_TITLE, on.wanted, on.rules)
    assert on.groups.find(_whole()) is not None


def test_a_group_of_rules_that_are_elsewhere_is_not_new() -> None:
    on = _Shelves()
    on.rules.create(on.wanted[0])
    on.listed.forget()

    assert not on.groups.is_new("other", on.wanted, on.rules)
    assert on.groups.is_new("other", on.wanted[1:], on.rules)


def test_how_often_changes_and_the_rules_stay_others_too() -> None:
    on = _Shelves()
    on.groups.create(_whole())
    theirs = {**_BODY["rules"][0], "uid": "theirs", "title": "Theirs", "labels": {"team": "x"}}
    on.rules.create(Wanted("theirs", theirs, "theirs"))
    before = {uid: {**rule, "updated": ""} for uid, rule in on.stored.items()}
    interval = Wanted(_TITLE, {"interval": 30}, "alert group x")

    found = _found(on.groups.find(interval))
    assert found.body == {"interval": 20}
    on.groups.change(interval, found)

    assert on.pretended.state.intervals[FOLDER, _TITLE] == 30
    assert {uid: {**rule, "updated": ""} for uid, rule in on.stored.items()} == before


def test_the_interval_of_a_group_with_provisioned_rules_of_others_is_theirs() -> None:
    on = _Shelves()
    on.groups.create(_whole())
    uid = _BODY["rules"][0]["uid"]
    on.stored[uid]["labels"] = {}
    on.pretended.state.provenance["alertRule", uid] = "api"

    assert "left alone" in _found(on.groups.find(_whole())).locked


def test_after_a_failure_rules_are_asked_for_again() -> None:
    on = _Shelves()
    assert on.listed.rules() == []
    on.pretended.refuses = {("POST", "/v1"): Answer(500, {})}
    with pytest.raises(Refused):
        on.rules.create(on.wanted[0])
    asked = len(on.pretended.scripted.asked)
    on.listed.rules()

    assert len(on.pretended.scripted.asked) == asked + 1
