"""Data sources: ``pkg/api/datasources.go``, ``pkg/services/datasources/service/store.go``."""

from __future__ import annotations

import urllib.parse

from tests.servers.grafana.exchange import Answer, Json, RefusedError, Request, ok, refuse_unless
from tests.servers.grafana.routes import route
from tests.servers.grafana.state import State, check_uid

#: Those that come with Grafana; an unknown one is stored, and then nothing can be asked.
BUILT_IN = frozenset(
    {
        "alertmanager",
        "elasticsearch",
        "grafana-testdata-datasource",
        "graphite",
        "influxdb",
        "jaeger",
        "loki",
        "mysql",
        "opentsdb",
        "prometheus",
        "tempo",
        "zipkin",
    }
)

_DEFAULTS: Json = {
    "access": "proxy",
    "url": "",
    "user": "",
    "database": "",
    "basicAuth": False,
    "basicAuthUser": "",
    "withCredentials": False,
    "isDefault": False,
}
#: What the list of all does not show.
_ONLY_ALONE = {"secureJsonFields", "version", "basicAuthUser", "withCredentials"}


@route("GET", "/datasources")
def listed(state: State, _request: Request) -> Answer:
    ordered = sorted(state.data_sources.values(), key=lambda one: str(one["name"]).lower())
    return ok(
        [
            {name: value for name, value in one.items() if name not in _ONLY_ALONE}
            | {"typeName": one["type"].capitalize()}
            for one in ordered
        ]
    )


@route("GET", "/datasources/uid/{uid}")
def shown(state: State, request: Request) -> Answer:
    return ok(_existing(state, request.values["uid"]))


@route("GET", "/datasources/name/{name}")
def shown_by_name(state: State, request: Request) -> Answer:
    return ok(_named(state, request.values["name"]))


@route("GET", "/datasources/id/{name}")
def id_by_name(state: State, request: Request) -> Answer:
    return ok({"id": _named(state, request.values["name"])["id"]})


@route("POST", "/datasources")
def create(state: State, request: Request) -> Answer:
    body = request.body
    _check(body)
    uid = body.get("uid") or state.new_uid()
    check_uid(uid, "data source")
    _refuse_same_name(state, uid, body["name"])
    taken = "data source with the same uid already exists"
    refuse_unless(uid not in state.data_sources, 409, taken)
    return _store(state, uid, body, next(state.ids), version=1)


@route("PUT", "/datasources/uid/{uid}")
def update(state: State, request: Request) -> Answer:
    body = request.body
    _check(body)
    before = _existing(state, request.values["uid"])
    refuse_unless(not before["readOnly"], 403, "Cannot update read-only data source")
    uid = body.get("uid") or before["uid"]
    check_uid(uid, "data source")
    _refuse_same_name(state, before["uid"], body["name"])
    version = body.get("version", 0)
    stale = "Datasource has already been updated by someone else. Please reload and try again"
    refuse_unless(version == 0 or version >= before["version"], 409, stale)
    # Where the uid changes, the secrets go with it; those that are not given stay.
    secrets = state.secrets.pop(before["uid"], {})
    del state.data_sources[before["uid"]]
    state.secrets[uid] = secrets
    return _store(state, uid, body, before["id"], version + 1)


@route("DELETE", "/datasources/uid/{uid}")
def delete(state: State, request: Request) -> Answer:
    uid = request.values["uid"]
    refuse_unless(not _existing(state, uid)["readOnly"], 403, "Cannot delete read-only data source")
    del state.data_sources[uid]
    state.secrets.pop(uid, None)
    return ok({"message": "Data source deleted"})


def _store(state: State, uid: str, body: Json, number: int, version: int) -> Answer:
    secrets = state.secrets.setdefault(uid, {})
    secrets |= {name: value for name, value in body.get("secureJsonData", {}).items() if value}
    given = {name: body[name] for name in ("name", "type", *_DEFAULTS) if name in body}
    stored = {
        **_DEFAULTS,
        **given,
        "id": number,
        "uid": uid,
        "orgId": 1,
        "typeLogoUrl": "public/img/icn-datasource.svg",
        "jsonData": body.get("jsonData", {}),
        "secureJsonFields": dict.fromkeys(secrets, True),
        "version": version,
        "readOnly": False,
    }
    if stored["isDefault"]:
        for other in state.data_sources.values():
            other["isDefault"] = False
    state.data_sources[uid] = stored
    word = "added" if version == 1 else "updated"
    return ok(
        {
            "id": number,
            "name": stored["name"],
            "message": f"Datasource {word}",
            "datasource": stored,
        }
    )


def _check(body: Json) -> None:
    for name in ("name", "type", "access"):
        refuse_unless(body.get(name), 400, f"bad request data: {name} is required")
    known = body["type"] in BUILT_IN
    refuse_unless(known, 400, f"no such data source comes with Grafana: {body['type']!r}")
    refuse_unless(body["access"] in {"proxy", "direct"}, 400, "access is proxy or direct")
    if body.get("url"):
        url = urllib.parse.urlsplit(body["url"])
        valid = url.scheme in {"http", "https"} and url.hostname
        refuse_unless(valid, 400, "Validation error, invalid URL")


def _existing(state: State, uid: str) -> Json:
    if uid not in state.data_sources:
        raise RefusedError(404, "Data source not found")
    return state.data_sources[uid]


def _named(state: State, name: str) -> Json:
    for one in state.data_sources.values():
        if one["name"] == name:
            return one
    raise RefusedError(404, "Data source not found")


def _refuse_same_name(state: State, uid: str, name: str) -> None:
    same = any(one["name"] == name and one["uid"] != uid for one in state.data_sources.values())
    refuse_unless(not same, 409, "data source with the same name already exists")
