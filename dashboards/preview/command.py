"""``python -m dashboards preview``: draws dashboards from what real servers answer."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from dashboards.preview.drawing import draw
from dashboards.viewer.elasticsearch import Elasticsearch
from dashboards.viewer.prometheus import Prometheus
from dashboards.viewer.view import Sources, View
from dashboards.viewer.window import Window

GENERATED: Final = Path(__file__).parents[1] / "generated"
_AGO: Final = re.compile(r"^now(?:-(\d+)([smhd]))?$")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
#: What has just been counted is not all scraped yet.
_POINTS: Final = 300


def main(arguments: Sequence[str]) -> int:
    """The command's exit status."""
    chosen = _parser().parse_args(arguments)
    now = time.time()  # noqa: TID251 - a command is an edge
    window = Window(
        moment(chosen.start, now), moment(chosen.end, now), chosen.scrape_seconds, _POINTS
    )
    places = sources(chosen.prometheus, chosen.elasticsearch)
    wanted = dict(_choice(one) for one in chosen.set)
    if chosen.service:
        wanted["service"] = chosen.service
    for name in chosen.boards or sorted(path.stem for path in GENERATED.glob("*.json")):
        view = View(board(name), places, window, wanted)
        for path in draw(view, chosen.out / f"{name}.png", most_rows=chosen.rows):
            sys.stdout.write(f"drawn: {path}\n")
    return 0


def board(name: str) -> dict[str, Any]:
    """A generated dashboard by the name of its file. Raises OSError."""
    found: dict[str, Any] = json.loads((GENERATED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def sources(prometheus: str, elasticsearch: str = "") -> Sources:
    """Where the variables of data sources lead; without Elasticsearch its panels say so."""
    documents = {
        "logs": Elasticsearch(elasticsearch, "logs-*.otel-*"),
        "spans": Elasticsearch(elasticsearch, "traces-*.otel-*"),
    }
    return Sources(Prometheus(prometheus), documents if elasticsearch else {})


def moment(text: str, now: float) -> float:
    """``now``, ``now-15m``, or seconds since 1970. Raises ValueError."""
    if found := _AGO.match(text):
        return now - int(found[1] or 0) * _UNITS[found[2] or "s"]
    return float(text)


def _choice(text: str) -> tuple[str, list[str]]:
    name, _, values = text.partition("=")
    return name, values.split(",")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboards preview", description=__doc__)
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--elasticsearch", default="", metavar="URL")
    parser.add_argument("--from", dest="start", default="now-15m", help="now-15m, or seconds")
    parser.add_argument("--to", dest="end", default="now")
    parser.add_argument("--scrape-seconds", type=float, default=15.0)
    parser.add_argument("--service", action="append", default=[])
    parser.add_argument("--set", action="append", default=[], metavar="VARIABLE=VALUE,…")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--rows", type=int, metavar="UNITS", help="at most so high; else more files"
    )
    parser.add_argument("boards", nargs="*", metavar="BOARD", help="all when none is named")
    return parser
