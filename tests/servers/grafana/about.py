"""Grafana about itself, and about whoever asks."""

from __future__ import annotations

from tests.servers.grafana.exchange import Answer, Request, ok
from tests.servers.grafana.routes import route
from tests.servers.grafana.state import State, now

_COMMIT = "b0d2eaf4d6"


@route("GET", "/health")
def health(state: State, _request: Request) -> Answer:
    return ok({"database": "ok", "version": state.version, "commit": _COMMIT})


@route("GET", "/frontend/settings")
def frontend_settings(state: State, _request: Request) -> Answer:
    build = {
        "version": state.version,
        "commit": _COMMIT,
        "edition": "Open Source",
        "env": "production",
    }
    names = {one["name"]: {"uid": one["uid"]} for one in state.data_sources.values()}
    return ok({"buildInfo": build, "datasources": names, "unifiedAlertingEnabled": True})


@route("GET", "/user")
def user(_state: State, _request: Request) -> Answer:
    at = now()
    return ok(
        {
            "id": 1,
            "uid": "provisioner",
            "login": "sa-1-provisioner",
            "name": "provisioner",
            "email": "",
            "orgId": 1,
            "isGrafanaAdmin": False,
            "isDisabled": False,
            "isExternal": False,
            "createdAt": at,
            "updatedAt": at,
        }
    )


@route("GET", "/org")
def organisation(_state: State, _request: Request) -> Answer:
    return ok({"id": 1, "name": "Main Org.", "address": {}})
