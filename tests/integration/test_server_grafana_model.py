"""Whatever is sent to the stand-in for Grafana in whatever order, what it has fits together."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.servers.grafana.examples import (
    BOARD,
    FOLDER,
    HOOK,
    NIGHT,
    PROMETHEUS,
    ROOT,
    RULE,
)
from tests.servers.grafana.exchange import Request
from tests.servers.grafana.policies import mute_timings_in, receivers_in
from tests.servers.grafana.server import new_grafana

_NAMES = st.sampled_from(["a", "b", "no good"])
_FOLDERS = st.sampled_from(["sidecar", "a", "no good"])
_SOURCES = st.sampled_from(["sidecar-prometheus", "a", "no good"])
#: One of what is there, whatever that is.
_ANY = st.integers(0, 11)
_HEADERS = st.sampled_from([{}, {"x-disable-provenance": "true"}])
_SECONDS = st.sampled_from([0, 5, 10, 60])


class Provisioning(RuleBasedStateMachine):
    """Sends good and bad requests about few things, so that they meet."""

    def __init__(self) -> None:
        super().__init__()
        self.grafana = new_grafana()
        self.send("POST", "/folders", FOLDER)
        self.send("POST", "/datasources", PROMETHEUS)

    def send(self, method: str, path: str, body: Any = None, header: Any = None) -> None:
        before = deepcopy(self.grafana.state)
        fields = {
            "authorization": f"Bearer {self.grafana.token}",
            "content-type": "application/json",
            **(header or {}),
        }
        answer = self.grafana.answer(Request(method, path, fields=fields, body=body))
        if answer.status >= 400:
            before.ids = self.grafana.state.ids
            assert self.grafana.state == before, "what is refused changes nothing"

    @rule(uid=_FOLDERS, title=_NAMES, known=st.booleans())
    def folder(self, uid: str, title: str, known: bool) -> None:
        if known:
            body = {"title": title, "overwrite": True}
            self.send("PUT", f"/folders/{uid.replace(' ', '%20')}", body)
        else:
            self.send("POST", "/folders", FOLDER | {"uid": uid, "title": title})

    @rule(uid=_FOLDERS)
    def no_folder(self, uid: str) -> None:
        self.send("DELETE", f"/folders/{uid.replace(' ', '%20')}")

    @rule(uid=_SOURCES, name=_NAMES, version=st.integers(0, 3))
    def data_source(self, uid: str, name: str, version: int) -> None:
        body = PROMETHEUS | {"uid": uid, "name": name, "isDefault": version == 1}
        self.send("POST", "/datasources", body)
        path = f"/datasources/uid/{uid.replace(' ', '%20')}"
        self.send("PUT", path, body | {"version": version})

    @rule(uid=_NAMES, title=_NAMES, folder=_FOLDERS, overwrite=st.booleans())
    def dashboard(self, uid: str, title: str, folder: str, overwrite: bool) -> None:
        body = {
            "dashboard": BOARD | {"uid": uid, "title": title},
            "folderUid": folder,
            "overwrite": overwrite,
        }
        self.send("POST", "/dashboards/db", body)

    @rule(uid=_NAMES, title=_NAMES, group=_NAMES, folder=_FOLDERS, header=_HEADERS)
    def alert_rule(self, uid: str, title: str, group: str, folder: str, header: Any) -> None:
        body = RULE | {"uid": uid, "title": title, "ruleGroup": group, "folderUID": folder}
        self.send("POST", "/v1/provisioning/alert-rules", body, header)
        path = f"/v1/provisioning/alert-rules/{uid.replace(' ', '%20')}"
        self.send("PUT", path, body, header)

    @rule(uids=st.lists(_NAMES, max_size=3), folder=_FOLDERS, seconds=_SECONDS, header=_HEADERS)
    def group(self, uids: list[str], folder: str, seconds: int, header: Any) -> None:
        rules = [RULE | {"uid": uid, "title": uid} for uid in uids]
        path = f"/v1/provisioning/folder/{folder.replace(' ', '%20')}/rule-groups/shop"
        self.send("PUT", path, {"interval": seconds, "rules": rules}, header)

    @rule(uid=_NAMES, name=_NAMES, header=_HEADERS)
    def contact_point(self, uid: str, name: str, header: Any) -> None:
        body = HOOK | {"uid": uid, "name": name}
        self.send("POST", "/v1/provisioning/contact-points", body, header)
        path = f"/v1/provisioning/contact-points/{uid.replace(' ', '%20')}"
        self.send("PUT", path, body, header)

    @rule(name=_NAMES, header=_HEADERS)
    def mute_timing(self, name: str, header: Any) -> None:
        self.send("POST", "/v1/provisioning/mute-timings", NIGHT | {"name": name}, header)

    @rule(receiver=_ANY, muted=_ANY, header=_HEADERS)
    def policies(self, receiver: int, muted: int, header: Any) -> None:
        points = [one["name"] for one in self.grafana.state.contact_points]
        timings = [*self.grafana.state.mute_timings, "nowhere"]
        child = {
            "receiver": points[receiver % len(points)],
            "mute_time_intervals": [timings[muted % len(timings)]] if muted % 2 else [],
        }
        self.send("PUT", "/v1/provisioning/policies", {**ROOT, "routes": [child]}, header)

    @rule(which=_ANY)
    def delete_contact_point(self, which: int) -> None:
        uids = [one["uid"] for one in self.grafana.state.contact_points if one["uid"]]
        uid = uids[which % len(uids)] if uids else "nobody"
        self.send("DELETE", f"/v1/provisioning/contact-points/{uid}")

    @rule(kind=st.sampled_from(["mute-timings", "alert-rules"]), name=_NAMES)
    def delete(self, kind: str, name: str) -> None:
        self.send("DELETE", f"/v1/provisioning/{kind}/{name.replace(' ', '%20')}")

    @invariant()
    def everything_it_shows_is_as_described(self) -> None:
        state = self.grafana.state
        paths = [
            "/folders", "/datasources", "/search", "/dashboards/tags",
            *(f"/folders/{uid}" for uid in state.folders),
            *(f"/dashboards/uid/{uid}" for uid in state.dashboards),
            *(f"/v1/provisioning/alert-rules/{uid}" for uid in state.rules),
            *(
                f"/v1/provisioning/{kind}"
                for kind in ("alert-rules", "contact-points", "mute-timings", "policies")
            ),
        ]  # fmt: skip
        fields = {"authorization": f"Bearer {self.grafana.token}"}
        for path in paths:
            assert self.grafana.answer(Request("GET", path, fields=fields)).status == 200, path
        own = [one for one in self.grafana.violations if "our own" in one]
        assert own == []

    @invariant()
    def what_is_named_is_there(self) -> None:
        state = self.grafana.state
        assert receivers_in(state.policies) <= {one["name"] for one in state.contact_points}
        assert mute_timings_in(state.policies) <= state.mute_timings.keys()
        assert {one["folderUID"] for one in state.rules.values()} <= state.folders.keys()
        for one in state.dashboards.values():
            assert one["meta"]["folderUid"] in {"", *state.folders}

    @invariant()
    def nothing_is_there_twice(self) -> None:
        state = self.grafana.state
        titles = [(one["folderUID"], one["title"]) for one in state.rules.values()]
        assert len(titles) == len(set(titles))
        names = [one["name"] for one in state.data_sources.values()]
        assert len(names) == len(set(names))
        assert sum(one["isDefault"] for one in state.data_sources.values()) <= 1
        uids = [one["uid"] for one in state.contact_points]
        assert len(uids) == len(set(uids))

    @invariant()
    def every_group_has_an_interval(self) -> None:
        state = self.grafana.state
        for one in state.rules.values():
            assert state.intervals[one["folderUID"], one["ruleGroup"]] % 10 == 0


TestProvisioning = Provisioning.TestCase
# Each step asks for all that there is: the deep profile would take minutes.
TestProvisioning.settings = settings(max_examples=40, stateful_step_count=30)
