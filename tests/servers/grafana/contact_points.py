"""Contact points: ``pkg/services/ngalert/provisioning/contactpoints.go``."""

from __future__ import annotations

from tests.servers.grafana.exchange import Answer, Json, RefusedError, Request, ok, refuse_unless
from tests.servers.grafana.integrations import check_settings, secrets_of
from tests.servers.grafana.policies import receivers_in, renamed
from tests.servers.grafana.provenance import claim, disown, provenance_of
from tests.servers.grafana.routes import route
from tests.servers.grafana.state import State, check_uid

_KIND = "contactPoint"
_REDACTED = "[REDACTED]"


@route("GET", "/v1/provisioning/contact-points")
def listed(state: State, request: Request) -> Answer:
    name = request.last("name")
    every = sorted(state.contact_points, key=lambda one: (one["name"], one["uid"]))
    return ok([_shown(state, one) for one in every if name in {"", one["name"]}])


@route("POST", "/v1/provisioning/contact-points")
def create(state: State, request: Request) -> Answer:
    point = {"disableResolveMessage": False, **request.body}
    point["uid"] = point.get("uid") or state.new_uid()
    check_uid(point["uid"], "contact point")
    _check(point)
    taken = f"Receiver configuration with UID '{point['uid']}' already exists"
    refuse_unless(all(one["uid"] != point["uid"] for one in state.contact_points), 409, taken)
    claim(state, _KIND, point["uid"], request.provenance)
    state.contact_points.append(point)
    return Answer(202, _shown(state, point))


@route("PUT", "/v1/provisioning/contact-points/{UID}")
def update(state: State, request: Request) -> Answer:
    before = _existing(state, request.values["UID"])
    point = {"disableResolveMessage": False, **request.body, "uid": before["uid"]}
    settings = dict(point["settings"])
    # What was shown without its value, and comes back so, stays what it was.
    for name in secrets_of(point["type"]):
        if settings.get(name) == _REDACTED:
            settings[name] = before["settings"].get(name, "")
    point["settings"] = settings
    _check(point)
    claim(state, _KIND, point["uid"], request.provenance)
    alone = [one for one in state.contact_points if one["name"] == before["name"]] == [before]
    if alone:
        state.policies = renamed(state.policies, before["name"], point["name"])
    state.contact_points[state.contact_points.index(before)] = point
    return Answer(202, {"message": "contactpoint updated"})


@route("DELETE", "/v1/provisioning/contact-points/{UID}")
def delete(state: State, request: Request) -> Answer:
    """Deletes one that is not there, too."""
    uid = request.values["UID"]
    gone = [one for one in state.contact_points if one["uid"] == uid]
    for point in gone:
        state.contact_points.remove(point)
        _refuse_used(state, point["name"])
        disown(state, _KIND, uid, request.provenance)
    return Answer(202, {"message": "contactpoint deleted"})


def _refuse_used(state: State, name: str) -> None:
    if any(one["name"] == name for one in state.contact_points):
        return
    by_policy = "Contact point is currently referenced by a notification policy."
    refuse_unless(name not in receivers_in(state.policies), 409, by_policy)
    by_rule = (
        "Contact point is currently used in the notification settings of one or many alert rules."
    )
    settings = [rule.get("notification_settings") or {} for rule in state.rules.values()]
    refuse_unless(all(one.get("receiver") != name for one in settings), 409, by_rule)


def _check(point: Json) -> None:
    refuse_unless(point.get("name"), 400, "contact point must have a name")
    check_settings(point["type"], point["settings"])


def _shown(state: State, point: Json) -> Json:
    secret = secrets_of(point["type"])
    settings = {
        name: _REDACTED if name in secret and value else value
        for name, value in point["settings"].items()
    }
    return {**point, "settings": settings, **provenance_of(state, _KIND, point["uid"])}


def _existing(state: State, uid: str) -> Json:
    for point in state.contact_points:
        if point["uid"] == uid:
            return point
    raise RefusedError(404, f"contact point with uid '{uid}' not found")
