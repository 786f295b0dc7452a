"""Mute timings: ``provisioning/mute_timings.go``."""

from __future__ import annotations

import hashlib
import json

from tests.servers.grafana.exchange import Answer, Json, RefusedError, Request, ok, refuse_unless
from tests.servers.grafana.policies import mute_timings_in
from tests.servers.grafana.provenance import claim, disown, provenance_of
from tests.servers.grafana.routes import route
from tests.servers.grafana.state import State
from tests.servers.grafana.time_intervals import rewritten_interval

_KIND = "muteTimeInterval"


@route("GET", "/v1/provisioning/mute-timings")
def listed(state: State, _request: Request) -> Answer:
    return ok([_shown(state, state.mute_timings[name]) for name in sorted(state.mute_timings)])


@route("GET", "/v1/provisioning/mute-timings/{name}")
def shown(state: State, request: Request) -> Answer:
    return ok(_shown(state, _existing(state, request.values["name"])))


@route("POST", "/v1/provisioning/mute-timings")
def create(state: State, request: Request) -> Answer:
    timing = _read(request.body)
    taken = (
        "Time interval with this name already exists. Use a different name or update existing one."
    )
    refuse_unless(timing["name"] not in state.mute_timings, 400, taken)
    return Answer(201, _stored(state, request, timing))


@route("PUT", "/v1/provisioning/mute-timings/{name}")
def update(state: State, request: Request) -> Answer:
    before = _existing(state, request.values["name"])
    timing = _read({**request.body, "name": request.body.get("name") or before["name"]})
    # Another name in the body makes the one in the path a uid, and nobody has that.
    if timing["name"] != before["name"]:
        raise RefusedError(404, "Time interval not found")
    return Answer(202, _stored(state, request, timing))


@route("DELETE", "/v1/provisioning/mute-timings/{name}")
def delete(state: State, request: Request) -> Answer:
    """Deletes one that is not there, too."""
    name = request.values["name"]
    refuse_unless(name not in mute_timings_in(state.policies), 409, "Time interval is used")
    settings = [rule.get("notification_settings") or {} for rule in state.rules.values()]
    used = any(name in one.get("mute_time_intervals", ()) for one in settings)
    refuse_unless(not used, 409, "Time interval is used")
    disown(state, _KIND, name, request.provenance)
    state.mute_timings.pop(name, None)
    return Answer(204)


def _read(body: Json) -> Json:
    refuse_unless(body.get("name"), 400, "Invalid format of the submitted time interval: no name")
    intervals = [rewritten_interval(one) for one in body.get("time_intervals", ())]
    return {"name": body["name"], "time_intervals": intervals}


def _stored(state: State, request: Request, timing: Json) -> Json:
    claim(state, _KIND, timing["name"], request.provenance)
    state.mute_timings[timing["name"]] = timing
    return _shown(state, timing)


def _shown(state: State, timing: Json) -> Json:
    version = hashlib.sha256(json.dumps(timing).encode()).hexdigest()[:16]
    return {**timing, "version": version, **provenance_of(state, _KIND, timing["name"])}


def _existing(state: State, name: str) -> Json:
    if name not in state.mute_timings:
        raise RefusedError(404, "Time interval not found")
    return state.mute_timings[name]
