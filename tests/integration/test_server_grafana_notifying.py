"""Who is told: the stand-in for Grafana takes and refuses what Grafana does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.alerting.grafana_notifying import contact_points, mute_timings, policy
from sidecar.alerting.notifying import Channel, Notifying
from sidecar.alerting.office_hours import parse_office_hours
from tests.servers.grafana.examples import (
    FOLDER,
    HOOK,
    NIGHT,
    PROMETHEUS,
    ROOT,
    RULE,
)
from tests.servers.grafana.exchange import RefusedError
from tests.servers.grafana.listening import ask
from tests.servers.grafana.server import Grafana
from tests.servers.grafana.time_intervals import rewritten_interval

RULES = "/v1/provisioning/alert-rules"
POINTS = "/v1/provisioning/contact-points"
POLICIES = "/v1/provisioning/policies"
TIMINGS = "/v1/provisioning/mute-timings"
NOT_PROVISIONED = {"x_disable_provenance": "true"}


def _ours(**more: Any) -> dict[str, Any]:
    return {"receiver": "sidecar-page", "object_matchers": [["team", "=", "shop"]], **more}


@pytest.fixture
def ready(grafana: Grafana) -> Grafana:
    """One with a folder and a data source."""
    ask(grafana, "POST", "/folders", FOLDER)
    ask(grafana, "POST", "/datasources", PROMETHEUS)
    return grafana


class TestWhatWeWrite:
    def test_who_is_told(self, grafana: Grafana) -> None:
        who = Notifying(
            page=Channel(url="https://hooks.example/page"),
            ticket=Channel(mail=("a@example.com",)),
            office_hours=parse_office_hours("mon-fri 09:00-18:00 Europe/Berlin"),
        )
        for timing in mute_timings(who):
            assert ask(grafana, "POST", TIMINGS, timing)[0] == 201
            read = ask(grafana, "GET", f"{TIMINGS}/{timing['name']}")[1]
            assert {name: read[name] for name in timing} == timing
        for point in contact_points(who):
            assert ask(grafana, "POST", POINTS, point)[0] == 202
            [read] = ask(grafana, "GET", f"{POINTS}?name={point['name']}")[1]
            assert {name: read[name] for name in point} == point
        tree = {**ROOT, "routes": [policy(who)]}
        assert ask(grafana, "PUT", POLICIES, tree)[0] == 202
        assert ask(grafana, "GET", POLICIES)[1] == tree | {"provenance": "api"}


class TestContactPoints:
    def test_secrets_are_redacted_and_kept(self, grafana: Grafana) -> None:
        status, made = ask(grafana, "POST", POINTS, HOOK)
        assert (status, made["settings"]["password"]) == (202, "[REDACTED]")
        default, found = ask(grafana, "GET", POINTS)[1]
        assert (default["uid"], found) == ("", made)
        back = {"settings": found["settings"] | {"url": "https://hooks.example/other"}}
        assert ask(grafana, "PUT", f"{POINTS}/sidecar-page", HOOK | back)[0] == 202
        assert grafana.state.contact_points[1]["settings"] == {
            "url": "https://hooks.example/other",
            "password": "hush",
        }
        assert "hush" not in json.dumps(ask(grafana, "GET", POINTS))
        assert ask(grafana, "DELETE", f"{POINTS}/sidecar-page")[0] == 202
        assert ask(grafana, "DELETE", f"{POINTS}/sidecar-page")[0] == 202
        assert ask(grafana, "PUT", f"{POINTS}/sidecar-page", HOOK)[0] == 404

    @pytest.mark.parametrize(
        "change",
        [
            {"settings": {}},
            {"settings": {"url": "https://x", "methode": "PUT"}},
            {"settings": {"url": "https://x", "httpMethod": "GET"}},
            {"type": "email", "settings": {"url": "https://x"}},
            {"type": "slack", "settings": {"recipient": "#x"}},
            {"name": ""},
            {"uid": "no good"},
        ],
    )
    def test_refused(self, grafana: Grafana, change: dict[str, Any]) -> None:
        assert ask(grafana, "POST", POINTS, HOOK | change)[0] == 400
        assert len(grafana.state.contact_points) == 1

    @pytest.mark.parametrize(
        "change", [{"type": "pidgin"}, {"titel": "x"}, {"provenance": "api"}, {"uid": "x" * 41}]
    )
    def test_not_described(self, grafana: Grafana, change: dict[str, Any]) -> None:
        assert ask(grafana, "POST", POINTS, HOOK | change)[0] == 400
        assert grafana.violations
        grafana.forget()

    def test_one_that_is_used_stays(self, ready: Grafana) -> None:
        ask(ready, "POST", POINTS, HOOK)
        assert ask(ready, "POST", POINTS, HOOK)[0] == 409
        ask(ready, "PUT", POLICIES, {**ROOT, "routes": [_ours()]})
        assert ask(ready, "DELETE", f"{POINTS}/sidecar-page")[0] == 409
        # One of two of that name is enough for the policy.
        ask(ready, "POST", POINTS, HOOK | {"uid": "second"})
        assert ask(ready, "DELETE", f"{POINTS}/second")[0] == 202
        ask(ready, "PUT", POLICIES, ROOT)
        used = RULE | {"notification_settings": {"receiver": "sidecar-page"}}
        assert ask(ready, "POST", RULES, used)[0] == 201
        assert ask(ready, "DELETE", f"{POINTS}/sidecar-page")[0] == 409

    def test_a_new_name_is_the_name_in_the_policies_too(self, grafana: Grafana) -> None:
        ask(grafana, "POST", POINTS, HOOK)
        ask(grafana, "PUT", POLICIES, {**ROOT, "routes": [_ours()]})
        ask(grafana, "PUT", f"{POINTS}/sidecar-page", HOOK | {"name": "other"})
        assert ask(grafana, "GET", POLICIES)[1]["routes"][0]["receiver"] == "other"

    def test_provenance_stays(self, grafana: Grafana) -> None:
        ask(grafana, "POST", POINTS, HOOK, **NOT_PROVISIONED)
        assert "provenance" not in ask(grafana, "GET", POINTS)[1][1]
        assert ask(grafana, "PUT", f"{POINTS}/sidecar-page", HOOK)[0] == 202
        assert ask(grafana, "PUT", f"{POINTS}/sidecar-page", HOOK, **NOT_PROVISIONED)[0] == 403


class TestPolicies:
    def test_a_new_grafana_has_one_and_gets_it_back(self, grafana: Grafana) -> None:
        fresh = ask(grafana, "GET", POLICIES)[1]
        assert fresh == {
            "receiver": "grafana-default-email",
            "group_by": ["grafana_folder", "alertname"],
        }
        ask(grafana, "PUT", POLICIES, ROOT)
        assert ask(grafana, "GET", POLICIES)[1] == ROOT | {"provenance": "api"}
        assert ask(grafana, "DELETE", POLICIES)[0] == 202
        assert ask(grafana, "GET", POLICIES)[1] == fresh

    def test_the_tree_comes_back_as_grafana_writes_it(self, grafana: Grafana) -> None:
        ask(grafana, "POST", POINTS, HOOK)
        ours = _ours(
            object_matchers=[["b", "=~", "x|y"], ["a", "=", '"q"']],
            group_wait="90s",
            repeat_interval="24h",
            mute_time_intervals=[],
            **{"continue": False},
        )
        assert ask(grafana, "PUT", POLICIES, {**ROOT, "routes": [ours]})[0] == 202
        assert ask(grafana, "GET", POLICIES)[1]["routes"] == [
            {
                "receiver": "sidecar-page",
                "object_matchers": [["a", "=", "q"], ["b", "=~", "x|y"]],
                "group_wait": "1m30s",
                "repeat_interval": "1d",
            }
        ]

    @pytest.mark.parametrize(
        "tree",
        [
            {"routes": []},
            {"receiver": "nobody"},
            ROOT | {"object_matchers": [["a", "=", "b"]]},
            ROOT | {"mute_time_intervals": ["night"]},
            ROOT | {"group_by": ["a", "a"]},
            ROOT | {"group_by": ["...", "a"]},
            ROOT | {"group_interval": "0s"},
            ROOT | {"group_wait": "soon"},
            ROOT | {"routes": [{"receiver": "nobody"}]},
            ROOT | {"routes": [{"mute_time_intervals": ["never"]}]},
            ROOT | {"routes": [{"object_matchers": [["a", "b"]]}]},
            ROOT | {"routes": [{"object_matchers": [["a", "==", "b"]]}]},
            ROOT | {"routes": [{"object_matchers": [["a", "=~", "("]]}]},
            ROOT | {"routes": [{"routes": [{"repeat_interval": "0s"}]}]},
        ],
    )
    def test_refused(self, grafana: Grafana, tree: dict[str, Any]) -> None:
        ask(grafana, "POST", TIMINGS, NIGHT)
        assert ask(grafana, "PUT", POLICIES, tree)[0] == 400
        assert "provenance" not in ask(grafana, "GET", POLICIES)[1]

    def test_provenance_stays(self, grafana: Grafana) -> None:
        ask(grafana, "PUT", POLICIES, ROOT)
        assert ask(grafana, "PUT", POLICIES, ROOT, **NOT_PROVISIONED)[0] == 403


class TestMuteTimings:
    def test_one_comes_back_as_grafana_writes_it(self, grafana: Grafana) -> None:
        status, made = ask(grafana, "POST", TIMINGS, NIGHT)
        assert (status, made["provenance"]) == (201, "api")
        assert made["time_intervals"] == [
            {
                "times": [{"start_time": "18:00", "end_time": "24:00"}],
                "weekdays": ["monday:friday", "sunday"],
                "months": ["1:3", "12"],
                "location": "Europe/Berlin",
            }
        ]
        assert ask(grafana, "GET", TIMINGS)[1] == [made]
        assert ask(grafana, "POST", TIMINGS, NIGHT)[0] == 400
        changed = ask(grafana, "PUT", f"{TIMINGS}/night", {"time_intervals": []})[1]
        assert changed["version"] != made["version"]
        assert ask(grafana, "PUT", f"{TIMINGS}/night", NIGHT | {"name": "x"})[0] == 404
        assert ask(grafana, "DELETE", f"{TIMINGS}/night") == (204, None)
        assert ask(grafana, "DELETE", f"{TIMINGS}/night") == (204, None)
        assert ask(grafana, "GET", f"{TIMINGS}/night")[0] == 404
        assert ask(grafana, "PUT", f"{TIMINGS}/night", NIGHT)[0] == 404

    @pytest.mark.parametrize(
        "interval",
        [
            {"times": [{"start_time": "18:00", "end_time": "09:00"}]},
            {"times": [{"start_time": "9:00", "end_time": "18:00"}]},
            {"times": [{"start_time": "18:00", "end_time": "24:01"}]},
            {"weekdays": ["friday:monday"]},
            {"weekdays": ["saturday:sunday"]},
            {"weekdays": ["caturday"]},
            {"days_of_month": ["0"]},
            {"days_of_month": ["32"]},
            {"days_of_month": ["-1:1"]},
            {"days_of_month": ["9:3"]},
            {"months": ["13"]},
            {"months": ["march:january"]},
            {"years": ["2030:2020"]},
            {"location": "Europe/Atlantis"},
        ],
    )
    def test_refused(self, grafana: Grafana, interval: dict[str, Any]) -> None:
        assert ask(grafana, "POST", TIMINGS, NIGHT | {"time_intervals": [interval]})[0] == 400
        assert grafana.state.mute_timings == {}

    def test_not_described(self, grafana: Grafana) -> None:
        ranges = {"weekdays": [{"begin": 1, "end": 5}]}
        assert ask(grafana, "POST", TIMINGS, NIGHT | {"time_intervals": [ranges]})[0] == 400
        assert grafana.violations
        grafana.forget()

    def test_one_that_is_used_stays(self, ready: Grafana) -> None:
        ask(ready, "POST", TIMINGS, NIGHT)
        ask(ready, "POST", POINTS, HOOK)
        ask(ready, "PUT", POLICIES, {**ROOT, "routes": [_ours(mute_time_intervals=["night"])]})
        assert ask(ready, "DELETE", f"{TIMINGS}/night")[0] == 409
        ask(ready, "PUT", POLICIES, ROOT)
        settings = {"receiver": "sidecar-page", "mute_time_intervals": ["night"]}
        ask(ready, "POST", RULES, RULE | {"notification_settings": settings})
        assert ask(ready, "DELETE", f"{TIMINGS}/night")[0] == 409

    def test_provenance_stays(self, grafana: Grafana) -> None:
        ask(grafana, "POST", TIMINGS, NIGHT)
        assert ask(grafana, "PUT", f"{TIMINGS}/night", NIGHT, **NOT_PROVISIONED)[0] == 403


def test_an_interval_without_anything_is_always() -> None:
    assert rewritten_interval({"times": [], "location": ""}) == {}
    assert rewritten_interval({"days_of_month": ["-3:-1", "1"], "years": ["2025"]}) == {
        "days_of_month": ["-3:-1", "1"],
        "years": ["2025"],
    }
    with pytest.raises(RefusedError, match="first"):
        rewritten_interval({"years": ["first"]})
