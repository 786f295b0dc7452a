from __future__ import annotations

from pathlib import Path

from sidecar.policies.access import AccessSpec
from sidecar.policies.rate_limit import RateLimitSpec
from sidecar.ruleset.document import load
from sidecar.ruleset.listener_sections import ListenersSpec
from sidecar.ruleset.parts import Parts, declared_names, parts_of, salvage
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.screen import screen
from sidecar.ruleset.sections import KeySpec, RouteSpec, TrustSpec, UpstreamSpec

TEXT = """\
listeners: {inbound: {bind: nowhere, to: ap}}
trust: {proxies: [10.0.0.0/8]}
upstreams:
  app: {url: "http://127.0.0.1:9000"}
  broken: {url: nothing}
  later: {registry: x}
keys: {client: {from: client.address}, user: {from: nothing, or: clint}}
routes:
  - {name: pay, match: {path: pay, method: GET, client: x}, upstream: up}
  - {name: ok, match: {path: /ok}}
rate_limits:
  - {name: one, limit: 5/sek, per: [client, usr], upstream: app}
  - {limit: 5/s}
access: [{name: a, deny: {client: 5, client_ip: 192.0.2.1}}]
format: x
"""


def _parts() -> Parts:
    return salvage(screen(load(TEXT, "a")))


def test_what_is_right_by_itself() -> None:
    parts = _parts()
    assert [path for path, _ in parts.of(UpstreamSpec)] == [("upstreams", "app")]
    assert [path for path, _ in parts.of(KeySpec)] == [("keys", "client")]
    assert [path for path, _ in parts.of(RouteSpec)] == [("routes", 1)]
    assert parts.one(TrustSpec) is not None
    assert parts.one(ListenersSpec) is None


def test_of_what_is_broken_whatever_is_right() -> None:
    parts = _parts()
    ((_, listeners),) = parts.drafts_of(ListenersSpec)
    assert listeners.inbound.to == "ap"
    drafts = dict(parts.drafts_of(KeySpec))
    assert drafts["keys", "user"].stand_in == "clint"
    routes = dict(parts.drafts_of(RouteSpec))
    assert routes["routes", 0].upstream == "up"
    assert routes["routes", 0].match.method == ("GET",)
    assert routes["routes", 0].match.path == ()
    assert [*routes["routes", 0].match.keys] == ["client"]


def test_drafts_of_rules() -> None:
    rules = dict(_parts().rule_drafts())
    assert {*rules} == {("rate_limits", 0), ("rate_limits", 1), ("access", 0)}
    limit, access = rules["rate_limits", 0], rules["access", 0]
    assert isinstance(limit, RateLimitSpec)
    assert isinstance(access, AccessSpec)
    assert limit.per == ("client", "usr")
    assert limit.upstream == ("app",)
    assert [use.name for use in access.keys_used()] == ["client"]


def test_a_file_without_errors_has_the_same_parts_without_reading_it_twice() -> None:
    for path in (Path(__file__).parents[1] / "rules").glob("*.good.yaml"):
        screened = screen(load(path.read_bytes(), path.name))
        assert not screened.removed_within(())
        known = parts_of(RuleFile.model_validate(screened.data))
        salvaged = salvage(screened)
        assert known.specs == salvaged.specs
        assert known.drafts == salvaged.drafts
        assert known.names == salvaged.names


def test_names_are_declared_even_by_what_is_broken() -> None:
    assert _parts().names == {
        "upstreams": ("app", "broken", "later"),
        "keys": ("client", "user"),
        "routes": ("pay", "ok"),
        "switches": (),
    }


def test_sections_of_the_wrong_shape_declare_nothing() -> None:
    assert declared_names({"upstreams": [], "keys": None, "routes": {"a": 1}}) == {
        "upstreams": (),
        "keys": (),
        "routes": (),
        "switches": (),
    }
    parts = salvage(screen(load("upstreams: 5\nrate_limits: x\ntrust: [1]\n", "a")))
    assert parts.specs == parts.drafts == {}
