"""Dashboards: ``pkg/api/dashboard.go``, ``pkg/services/dashboards/database/database.go``."""

from __future__ import annotations

import re

from tests.servers.grafana.exchange import Answer, Json, RefusedError, Request, ok, refuse_unless
from tests.servers.grafana.routes import route
from tests.servers.grafana.state import State, check_uid, now


@route("GET", "/dashboards/uid/{uid}")
def shown(state: State, request: Request) -> Answer:
    return ok(_existing(state, request.values["uid"]))


@route("DELETE", "/dashboards/uid/{uid}")
def delete(state: State, request: Request) -> Answer:
    uid = request.values["uid"]
    board = _existing(state, uid)
    refuse_unless(not board["meta"]["provisioned"], 400, "provisioned dashboard cannot be deleted")
    title = board["dashboard"]["title"]
    del state.dashboards[uid]
    return ok({"title": title, "message": f"Dashboard {title} deleted", "uid": uid})


@route("GET", "/dashboards/tags")
def tags(state: State, _request: Request) -> Answer:
    terms = [tag for one in state.dashboards.values() for tag in one["dashboard"].get("tags", ())]
    return ok([{"term": term, "count": terms.count(term)} for term in sorted(set(terms))])


@route("POST", "/dashboards/db")
def save(state: State, request: Request) -> Answer:
    board = request.body.get("dashboard") or {}
    refuse_unless(not request.body.get("isFolder"), 400, "Use folders endpoint for saving folders.")
    title = board.get("title", "").strip()
    refuse_unless(title, 400, "Dashboard title cannot be empty", status="empty-name")
    if board.get("uid"):
        check_uid(board["uid"], "dashboard")
    _check_refresh(board.get("refresh"))
    folder = request.body.get("folderUid", "")
    refuse_unless(not folder or folder in state.folders, 404, "Folder not found")
    overwrite = request.body.get("overwrite", False)
    before = _one_to_change(state, board)
    if before is not None:
        _refuse_change(before, board, overwrite=overwrite)
    before = _refuse_same_title(state, before, title, folder, overwrite=overwrite)
    return _store(state, board, before, folder)


def _one_to_change(state: State, board: Json) -> Json | None:
    by_uid = state.dashboards.get(board.get("uid") or "")
    if not board.get("id"):
        return by_uid
    for one in state.dashboards.values():
        if one["dashboard"]["id"] == board["id"]:
            same = by_uid is None or by_uid is one
            refuse_unless(same, 400, "A dashboard with the same uid already exists")
            return one
    raise RefusedError(404, "Dashboard not found", status="not-found")


def _refuse_change(before: Json, board: Json, *, overwrite: bool) -> None:
    refuse_unless(not before["meta"]["provisioned"], 400, "Cannot save provisioned dashboard")
    current = overwrite or board.get("version", 0) == before["dashboard"]["version"]
    changed = "The dashboard has been changed by someone else"
    refuse_unless(current, 412, changed, status="version-mismatch")


def _refuse_same_title(
    state: State, before: Json | None, title: str, folder: str, *, overwrite: bool
) -> Json | None:
    """Grafana 11 and before do, or take the other one over; later ones have both."""
    for one in state.dashboards.values():
        same = one["dashboard"]["title"].lower() == title.lower()
        if same and one["meta"]["folderUid"] == folder and one is not before:
            exists = "A dashboard with the same name in the folder already exists"
            refuse_unless(overwrite, 412, exists, status="name-exists")
            return one
    return before


def _store(state: State, board: Json, before: Json | None, folder: str) -> Answer:
    if before is None:
        number, uid, version = next(state.ids), board.get("uid") or state.new_uid(), 1
        created = now()
    else:
        old = before["dashboard"]
        number, uid, version = old["id"], old["uid"], old["version"] + 1
        created = before["meta"]["created"]
        del state.dashboards[uid]
    slug = re.sub(r"[^a-z0-9]+", "-", board["title"].lower()).strip("-")
    url = f"/d/{uid}/{slug}"
    stored = {**board, "id": number, "uid": uid, "version": version}
    meta = _meta(state, folder, version, created) | {"slug": slug, "url": url}
    state.dashboards[uid] = {"dashboard": stored, "meta": meta}
    return ok(
        {
            "status": "success",
            "slug": slug,
            "version": version,
            "id": number,
            "uid": uid,
            "url": url,
            "folderUid": folder,
        }
    )


def _meta(state: State, folder: str, version: int, created: str) -> Json:
    title = state.folders[folder]["title"] if folder else "General"
    return {
        "type": "db",
        "canSave": True,
        "canEdit": True,
        "canAdmin": True,
        "canStar": True,
        "canDelete": True,
        "created": created,
        "createdBy": "provisioner",
        "updated": now(),
        "updatedBy": "provisioner",
        "version": version,
        "hasAcl": False,
        "isFolder": False,
        "folderId": state.folders[folder]["id"] if folder else 0,
        "folderUid": folder,
        "folderTitle": title,
        "folderUrl": f"/dashboards/f/{folder}/" if folder else "",
        "provisioned": False,
        "provisionedExternalId": "",
    }


def _check_refresh(refresh: object) -> None:
    """``min_refresh_interval`` is five seconds."""
    match = re.fullmatch(r"(\d+)(s|m|h|d)", str(refresh or "1h"))
    refuse_unless(match, 400, f"unknown refresh {refresh!r}")
    if match is not None and match[2] == "s":
        refuse_unless(int(match[1]) >= 5, 400, "Dashboard refresh interval is too low")


def _existing(state: State, uid: str) -> Json:
    if uid not in state.dashboards:
        raise RefusedError(404, "Dashboard not found", status="not-found")
    return state.dashboards[uid]
