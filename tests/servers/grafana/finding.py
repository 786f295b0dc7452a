"""Search for dashboards and folders: ``pkg/api/search.go``."""

from __future__ import annotations

from collections.abc import Iterator

from tests.servers.grafana.exchange import Answer, Json, Request, ok
from tests.servers.grafana.routes import route
from tests.servers.grafana.state import State


@route("GET", "/search")
def search(state: State, request: Request) -> Answer:
    hits = [hit for hit in (*_folders(state), *_dashboards(state)) if _fits(hit, request)]
    limit = min(int(request.last("limit", "1000")), 5000)
    skipped = limit * (int(request.last("page", "1")) - 1)
    return ok(hits[skipped : skipped + limit])


def _fits(hit: Json, request: Request) -> bool:
    text, kind = request.last("query"), request.last("type")
    return (
        text.lower() in hit["title"].lower()
        and kind in {"", hit["type"]}
        and set(request.query.get("tag", ())) <= set(hit["tags"])
        and _among(hit["uid"], request.query.get("dashboardUIDs"))
        and _among(hit.get("folderUid", ""), request.query.get("folderUIDs"))
        and request.last("starred") != "true"
    )


def _among(value: str, wanted: list[str] | None) -> bool:
    return wanted is None or value in wanted


def _folders(state: State) -> Iterator[Json]:
    for folder in state.folders.values():
        yield _hit(folder["id"], folder["uid"], folder["title"], "dash-folder", folder["url"])


def _dashboards(state: State) -> Iterator[Json]:
    for stored in state.dashboards.values():
        board, meta = stored["dashboard"], stored["meta"]
        hit = _hit(board["id"], board["uid"], board["title"], "dash-db", meta["url"])
        hit["tags"] = sorted(board.get("tags", ()))
        if meta["folderUid"]:
            hit |= {
                name: meta[name] for name in ("folderId", "folderUid", "folderTitle", "folderUrl")
            }
        yield hit


def _hit(number: int, uid: str, title: str, kind: str, url: str) -> Json:
    return {
        "id": number,
        "uid": uid,
        "title": title,
        "uri": f"db/{url.rpartition('/')[2]}",
        "url": url,
        "slug": "",
        "type": kind,
        "tags": [],
        "isStarred": False,
        "sortMeta": 0,
    }
