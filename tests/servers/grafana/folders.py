"""Folders: ``pkg/api/folder.go``, ``pkg/api/apierrors/folder.go``."""

from __future__ import annotations

from tests.servers.grafana.exchange import Answer, Json, RefusedError, Request, ok, refuse_unless
from tests.servers.grafana.routes import route
from tests.servers.grafana.state import State, check_uid, now


@route("GET", "/folders")
def listed(state: State, request: Request) -> Answer:
    parent = request.last("parentUid")
    limit = int(request.last("limit", "1000"))
    skipped = limit * (int(request.last("page", "1")) - 1)
    hits = [
        {"id": folder["id"], "uid": folder["uid"], "title": folder["title"]}
        for folder in state.folders.values()
        if folder.get("parentUid", "") == parent
    ]
    return ok(hits[skipped : skipped + limit])


@route("GET", "/folders/{folder_uid}")
def shown(state: State, request: Request) -> Answer:
    return ok(existing(state, request.values["folder_uid"]))


@route("POST", "/folders")
def create(state: State, request: Request) -> Answer:
    title = request.body.get("title", "").strip()
    refuse_unless(title, 400, "folder title cannot be empty")
    uid = request.body.get("uid") or state.new_uid()
    check_uid(uid, "folder")
    taken = "a folder/dashboard with the same uid already exists"
    refuse_unless(uid not in state.folders and uid not in state.dashboards, 409, taken)
    parent = request.body.get("parentUid", "")
    if parent:
        existing(state, parent)
    _refuse_same_title(state, uid, title, parent)
    state.folders[uid] = _new(state, uid, title, parent)
    return ok(state.folders[uid])


def _new(state: State, uid: str, title: str, parent: str) -> Json:
    at = now()
    return {
        "id": next(state.ids),
        "uid": uid,
        "orgId": 1,
        "title": title,
        "url": f"/dashboards/f/{uid}/",
        "hasAcl": False,
        "canSave": True,
        "canEdit": True,
        "canAdmin": True,
        "canDelete": True,
        "createdBy": "provisioner",
        "created": at,
        "updatedBy": "provisioner",
        "updated": at,
        "version": 1,
        **({"parentUid": parent} if parent else {}),
    }


@route("PUT", "/folders/{folder_uid}")
def update(state: State, request: Request) -> Answer:
    folder = existing(state, request.values["folder_uid"])
    title = request.body.get("title", folder["title"]).strip()
    refuse_unless(title, 400, "folder title cannot be empty")
    current = request.body.get("overwrite") or request.body.get("version") == folder["version"]
    changed = "the folder has been changed by someone else"
    refuse_unless(current, 412, changed, status="version-mismatch")
    _refuse_same_title(state, folder["uid"], title, folder.get("parentUid", ""))
    folder |= {"title": title, "version": folder["version"] + 1, "updated": now()}
    return ok(folder)


@route("GET", "/folders/{folder_uid}/counts")
def counts(state: State, request: Request) -> Answer:
    uid = existing(state, request.values["folder_uid"])["uid"]
    boards = [one for one in state.dashboards.values() if one["meta"]["folderUid"] == uid]
    rules = [one for one in state.rules.values() if one["folderUID"] == uid]
    folders = [one for one in state.folders.values() if one.get("parentUid") == uid]
    listed = {"dashboard": boards, "alertrule": rules, "folder": folders, "librarypanel": []}
    return ok({kind: len(several) for kind, several in listed.items()})


@route("DELETE", "/folders/{folder_uid}")
def delete(state: State, request: Request) -> Answer:
    uid = existing(state, request.values["folder_uid"])["uid"]
    rules = [rule["uid"] for rule in state.rules.values() if rule["folderUID"] == uid]
    forced = request.last("forceDeleteRules") == "true"
    refuse_unless(forced or not rules, 400, "folder contains alert rules")
    for rule in rules:
        del state.rules[rule]
    for board in [one for one in state.dashboards.values() if one["meta"]["folderUid"] == uid]:
        del state.dashboards[board["dashboard"]["uid"]]
    del state.folders[uid]
    return ok({"message": "Folder deleted"})


def existing(state: State, uid: str) -> Json:
    """The folder, or 404."""
    if uid not in state.folders:
        raise RefusedError(404, "folder not found", status="not-found")
    return state.folders[uid]


def _refuse_same_title(state: State, uid: str, title: str, parent: str) -> None:
    """Grafana 11 and before do; whoever copes with that copes with later ones too."""
    same = any(
        folder["title"].lower() == title.lower()
        and folder["uid"] != uid
        and folder.get("parentUid", "") == parent
        for folder in state.folders.values()
    )
    refuse_unless(not same, 409, "a folder with the same name already exists in this location")
