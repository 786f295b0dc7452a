"""The tree of notification policies: ``provisioning/notification_policies.go``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.servers.grafana.durations import milliseconds, rewritten
from tests.servers.grafana.exchange import Answer, Json, Request, ok, refuse_unless
from tests.servers.grafana.provenance import claim, provenance_of
from tests.servers.grafana.routes import route
from tests.servers.grafana.state import State

_KIND, _ONE = "route", ""
_OPERATORS = ["=", "!=", "=~", "!~"]
_PACES = ("group_wait", "group_interval", "repeat_interval")
_MUTES = ("mute_time_intervals", "active_time_intervals")


@route("GET", "/v1/provisioning/policies")
def shown(state: State, _request: Request) -> Answer:
    return ok({**state.policies, **provenance_of(state, _KIND, _ONE)})


@route("PUT", "/v1/provisioning/policies")
def replace(state: State, request: Request) -> Answer:
    """The whole tree: what is not sent is gone."""
    root = request.body
    refuse_unless(root.get("receiver"), 400, "root route must specify a default receiver")
    matchers = [root.get(name) for name in ("match", "match_re", "matchers", "object_matchers")]
    refuse_unless(not any(matchers), 400, "root route must not have any matchers")
    muted = any(root.get(name) for name in _MUTES)
    refuse_unless(not muted, 400, "root route must not have any mute time intervals")
    for node in _nodes(root):
        _check(state, node)
    claim(state, _KIND, _ONE, request.provenance)
    state.policies = _as_stored(root)
    return Answer(202, {"message": "policies updated"})


@route("DELETE", "/v1/provisioning/policies")
def reset(state: State, _request: Request) -> Answer:
    state.policies = State().policies
    state.provenance.pop((_KIND, _ONE), None)
    return Answer(202, state.policies)


def receivers_in(tree: Json) -> set[str]:
    """The names of all receivers that it sends to."""
    return {node["receiver"] for node in _nodes(tree) if node.get("receiver")}


def mute_timings_in(tree: Json) -> set[str]:
    """The names of all mute timings that it uses."""
    return {name for node in _nodes(tree) for kind in _MUTES for name in node.get(kind, ())}


def renamed(tree: Json, old: str, new: str) -> Json:
    """The tree with another name for a receiver."""
    node = {**tree, "receiver": new} if tree.get("receiver") == old else dict(tree)
    if "routes" in tree:
        node["routes"] = [renamed(child, old, new) for child in tree["routes"]]
    return node


def _nodes(tree: Json) -> Iterator[Json]:
    yield tree
    for child in tree.get("routes", ()):
        yield from _nodes(child)


def _check(state: State, node: Json) -> None:
    receiver = node.get("receiver", "")
    known = {"", *(one["name"] for one in state.contact_points)}
    refuse_unless(receiver in known, 400, f"receiver '{receiver}' does not exist")
    for name in mute_timings_in({**node, "routes": []}):
        missing = f"mute time interval '{name}' does not exist"
        refuse_unless(name in state.mute_timings, 400, missing)
    labels = node.get("group_by", [])
    refuse_unless(len(labels) == len(set(labels)), 400, "duplicated label in group_by")
    every = "cannot have wildcard group_by (`...`) and other labels at the same time"
    refuse_unless("..." not in labels or len(labels) == 1, 400, every)
    for name in ("group_interval", "repeat_interval"):
        zero = name in node and milliseconds(node[name], name) == 0
        refuse_unless(not zero, 400, f"{name} cannot be zero")
    for matcher in node.get("object_matchers", ()):
        _check_matcher(matcher)


def _check_matcher(matcher: list[str]) -> None:
    refuse_unless(len(matcher) == 3, 400, f"a matcher has a label, an operator, a value: {matcher}")
    label, operator, value = matcher
    refuse_unless(label, 400, "a matcher has no label")
    refuse_unless(operator in _OPERATORS, 400, f"unsupported match type {operator!r} in matcher")
    if "~" in operator:
        try:
            re.compile(value)
        except re.error:
            refuse_unless(None, 400, f"no regular expression: {value!r}")


def _as_stored(node: Json) -> Json:
    """Without what is empty, with matchers in order and durations as they are written."""
    stored = {name: value for name, value in node.items() if value and name != "provenance"}
    for name in _PACES:
        if name in stored:
            stored[name] = rewritten(stored[name], name)
    if "object_matchers" in stored:
        # In the order of Alertmanager: by label, value, operator.
        stored["object_matchers"] = sorted(
            (
                [label, operator, value.strip('"')]
                for label, operator, value in node["object_matchers"]
            ),
            key=lambda one: (one[0], one[2], _OPERATORS.index(one[1])),
        )
    if "routes" in stored:
        stored["routes"] = [_as_stored(child) for child in node["routes"]]
    return stored
