"""Draws dashboards while something is wrong: ``python -m tests.integration.dashboards.previews``.

Each fault is staged on a shop of its own, with a real Prometheus and a real Elasticsearch; all
listens on the loopback interface and ends with the command.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from dashboards.preview.command import GENERATED, board
from dashboards.preview.drawing import draw
from dashboards.viewer.view import View
from dashboards.viewer.window import Window
from tests.integration.dashboards.faults import FAULTS, Fault
from tests.integration.dashboards.watched_shop import SCRAPE_SECONDS, WatchedShop, run_watched_shop
from tests.servers.elasticsearch import ElasticsearchServer, run_elasticsearch

PICTURES: Final = Path(__file__).parents[3] / "docs" / "dashboards" / "faults"
#: Drawn of each fault, where they exist.
_BOARDS: Final = ("fleet", "service", "governance", "telemetry", "traces")
#: About as many as a panel is wide; the fewer, the smoother.
_POINTS: Final = 120
#: What is higher than about 1,250 dots becomes two pictures.
_MOST_ROWS: Final = 37
#: Pictures of each dashboard that are kept: the first say most.
_KEPT: Final = {"fleet": 2, "service": 3, "governance": 1, "telemetry": 2, "traces": 1}


def main() -> int:
    """The command's exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet-seconds", type=int, default=20)
    parser.add_argument("--fault-seconds", type=int, default=45)
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("faults", nargs="*", metavar="FAULT")
    chosen = parser.parse_args()
    with run_elasticsearch() as server:
        for fault in FAULTS:
            if chosen.faults and fault.name not in chosen.faults:
                continue
            server.make_ready()
            with (
                tempfile.TemporaryDirectory(prefix="fault-") as folder,
                run_watched_shop(Path(folder), server, with_alerts=True) as shop,
            ):
                window = _stage(shop, fault, chosen.quiet_seconds, chosen.fault_seconds)
                _draw(shop, fault, window, server, chosen.out / fault.name)
    return 0


def _stage(shop: WatchedShop, fault: Fault, quiet: int, faulty: int) -> Window:
    sys.stdout.write(f"{fault.name}: {quiet} s of quiet, {faulty} s of fault\n")
    sys.stdout.flush()
    strike = fault.strike
    cues = [(quiet, lambda: strike(shop))] if strike else []
    played = shop.play(fault.load(quiet, faulty), cues)
    # The end shows the fault, not the silence after it.
    return Window(played.start + 4, played.start + quiet + faulty, SCRAPE_SECONDS, _POINTS)


def _draw(
    shop: WatchedShop, fault: Fault, window: Window, server: ElasticsearchServer, folder: Path
) -> None:
    if not server.is_healthy():
        server.start()
    for name in _BOARDS:
        if (GENERATED / f"{name}.json").exists():
            wanted = {} if name == "fleet" else {"service": [fault.service]}
            view = View(board(name), shop.sources, window, {**wanted, "over": ["1h"]})
            path = folder / f"{name}.png"
            pictures = draw(view, path, is_opened=False, most_rows=_MOST_ROWS)
            for surplus in pictures[_KEPT[name] :]:
                surplus.unlink()
            for drawn in pictures[: _KEPT[name]]:
                sys.stdout.write(f"  {drawn} ({drawn.stat().st_size // 1024} KB)\n")
                sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
