"""The dashboards that come with the sidecar, asking the data sources that there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from sidecar.provision.grafana.wanted import FOLDER, LOGS, PROMETHEUS, SPANS, TRACES, Wanted

#: Dashboards are ours by this.
TAG: Final = "managed-by-sidecar"
#: The variables that choose a data source, with the one that they stand at.
_VARIABLES: Final[Mapping[str, str]] = {
    "datasource": PROMETHEUS,
    "logs": LOGS,
    "spans": SPANS,
    "traces": TRACES,
}


def boards(names: Mapping[str, str]) -> list[Wanted]:
    """The dashboards, with the data sources that Grafana has, or will have: their names by uid."""
    needs = (f"folder {FOLDER}",)
    wanted = []
    for board in sorted(_generated(), key=lambda board: str(board["uid"])):
        body = {"dashboard": _asking(board, names), "folderUid": FOLDER}
        wanted.append(Wanted(board["uid"], body, f"dashboard {board['uid']}", needs))
    return wanted


def _generated() -> Iterator[dict[str, Any]]:
    """As they were generated; found where the package is installed."""
    folder = files("dashboards") / "generated"
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.name.endswith(".json"):
                yield json.loads(entry.read_text(encoding="utf-8"))


def _asking(board: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    for variable in board.get("templating", {}).get("list", []):
        uid = _VARIABLES.get(variable.get("name", ""))
        if variable.get("type") == "datasource" and uid is not None and uid in names:
            variable["current"] = {"selected": True, "text": names[uid], "value": uid}
    return without_numbers(board)


def without_numbers(board: Mapping[str, Any]) -> dict[str, Any]:
    """What is in a dashboard, without the numbers that Grafana counts up by itself."""
    return {name: value for name, value in board.items() if name not in {"id", "version"}}
