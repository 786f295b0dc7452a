"""Folder, data sources and dashboards, as Grafana keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sidecar.provision.grafana.boards import TAG, without_numbers
from sidecar.provision.grafana.server import Server
from sidecar.provision.grafana.sources import MARK
from sidecar.provision.grafana.wanted import FOLDER, FROM_A_FILE, PREFIX, Found, Wanted
from sidecar.provision.step import Refused

#: More than anybody has; Grafana's own limit of one answer.
_MOST: Final = 5000
_MESSAGE: Final = "sidecar provision grafana"


class Folders:
    """The folder, which is known by its uid alone: folders have no place for a mark."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def find(self, wanted: Wanted) -> Found | None:
        """By uid."""
        there = self._server.find(lambda api: api.folder.get_folder(wanted.key), dict)
        if there is None:
            return None
        return Found({name: there.get(name) for name in wanted.body}, ours=True, whole=there)

    def create(self, wanted: Wanted) -> None:
        """With its uid."""
        title = wanted.body["title"]
        self._server.tell(lambda api: api.folder.create_folder(title, wanted.key))

    def change(self, wanted: Wanted, found: Found) -> None:
        """Its title."""
        title, version = wanted.body["title"], found.whole.get("version")
        self._server.tell(lambda api: api.folder.update_folder(wanted.key, title, version))

    def ours(self) -> Mapping[str, str]:
        """The one folder."""
        there = self._server.find(lambda api: api.folder.get_folder(FOLDER), dict)
        return {} if there is None else {FOLDER: f"folder {FOLDER}"}

    def delete(self, key: str) -> None:
        """Not while something of others is in it, which Grafana would delete with it."""
        counts = self._server.find(lambda api: api.client.GET(f"/folders/{key}/counts"), dict)
        if counts is None:
            if self.ours():
                raise Refused("Grafana does not tell what is in it, and would delete that, too")
            return
        inside = {name: count for name, count in counts.items() if count}
        if inside:
            listed = ", ".join(f"{count} {name}" for name, count in sorted(inside.items()))
            raise Refused(f"something of others is in it, and would be deleted, too: {listed}")
        self._server.gone(lambda api: api.folder.delete_folder(key))


class Sources:
    """Data sources. What others have set besides ours stays as it is."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def names(self) -> dict[str, str]:
        """The names of all data sources, by uid."""
        listed = self._server.ask(lambda api: api.datasource.list_datasources(), list)
        return {one.get("uid", ""): one.get("name", "") for one in listed}

    def find(self, wanted: Wanted) -> Found | None:
        """By uid."""
        there = self._get(wanted.key)
        if there is None:
            return None
        data = there.get("jsonData") or {}
        body = {name: there.get(name) for name in wanted.body if name != "jsonData"}
        body["jsonData"] = {name: data.get(name) for name in wanted.body["jsonData"]}
        secrets = frozenset(name for name, has in _secret_fields(there).items() if has)
        locked = FROM_A_FILE if there.get("readOnly") else ""
        return Found(body, _marked(there), locked, there, secrets)

    def create(self, wanted: Wanted) -> None:
        """With its uid, and never as the default of others' panels."""
        body = {**wanted.body, "isDefault": False, **_secret(wanted)}
        self._server.tell(lambda api: api.datasource.create_datasource(body))

    def change(self, wanted: Wanted, found: Found) -> None:
        """With the version that was found: somebody who saved it meanwhile goes first."""
        there = found.whole
        kept = {name: there[name] for name in ("isDefault", "version") if name in there}
        data = {**(there.get("jsonData") or {}), **wanted.body["jsonData"]}
        body = {**wanted.body, **kept, "jsonData": data, **_secret(wanted)}
        self._server.tell(lambda api: api.datasource.update_datasource_by_uid(wanted.key, body))

    def ours(self) -> Mapping[str, str]:
        """Those with our mark."""
        listed = self._server.ask(lambda api: api.datasource.list_datasources(), list)
        return {one["uid"]: f"data source {one['uid']}" for one in listed if _marked(one)}

    def delete(self, key: str) -> None:
        """By uid."""
        self._server.gone(lambda api: api.datasource.delete_datasource_by_uid(key))

    def _get(self, uid: str) -> dict[str, Any] | None:
        return self._server.find(lambda api: api.datasource.get_datasource_by_uid(uid), dict)


class Boards:
    """Dashboards in our folder."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def find(self, wanted: Wanted) -> Found | None:
        """By uid, wherever it is."""
        there = self._server.find(lambda api: api.dashboard.get_dashboard(wanted.key), dict)
        if there is None:
            return None
        board, meta = there.get("dashboard") or {}, there.get("meta") or {}
        # Grafana raises it when it reads, as it reads all older forms.
        form = {"schemaVersion": wanted.body["dashboard"].get("schemaVersion")}
        body = {
            "dashboard": {**without_numbers(board), **form},
            "folderUid": meta.get("folderUid", ""),
        }
        locked = FROM_A_FILE if meta.get("provisioned") else ""
        return Found(body, TAG in (board.get("tags") or []), locked, board)

    def create(self, wanted: Wanted) -> None:
        """In our folder."""
        self._save(wanted.body["dashboard"])

    def change(self, wanted: Wanted, found: Found) -> None:
        """With the version that was found: somebody who saved it meanwhile goes first."""
        self._save({**wanted.body["dashboard"], "version": found.whole.get("version", 0)})

    def ours(self) -> Mapping[str, str]:
        """Those with our tag."""
        found = self._server.ask(
            lambda api: api.search.search_dashboards(tag=TAG, type_="dash-db", limit=_MOST), list
        )
        uids = [one["uid"] for one in found if one["uid"].startswith(PREFIX)]
        return {uid: f"dashboard {uid}" for uid in uids}

    def delete(self, key: str) -> None:
        """By uid."""
        self._server.gone(lambda api: api.dashboard.delete_dashboard(key))

    def _save(self, board: Mapping[str, Any]) -> None:
        body = {
            "dashboard": board,
            "folderUid": FOLDER,
            "message": _MESSAGE,
            "overwrite": False,
        }
        self._server.tell(lambda api: api.dashboard.update_dashboard(body))


def _marked(there: Mapping[str, Any]) -> bool:
    marked = (there.get("jsonData") or {}).items() >= MARK.items()
    return marked and str(there["uid"]).startswith(PREFIX)


def _secret_fields(there: Mapping[str, Any]) -> dict[str, bool]:
    return there.get("secureJsonFields") or {}


def _secret(wanted: Wanted) -> dict[str, Any]:
    if not wanted.secrets:
        return {}
    return {"secureJsonData": {name: one.reveal() for name, one in wanted.secrets.items()}}
