"""Writes every dashboard as Grafana takes it, or says which of the files are not up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dashboards.board import written
from dashboards.every import BOARDS

GENERATED: Final = Path(__file__).parent / "generated"


def files() -> dict[str, str]:
    """The text of each file by its name."""
    return {f"{board.uid.removeprefix('sidecar-')}.json": written(board) for board in BOARDS}


def stale(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """The names of those that are not there, differ, or are no longer made."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    names = sorted(found.keys() | wanted.keys())
    return [name for name in names if found.get(name) != wanted.get(name)]


def write(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Makes ``folder`` hold these files; returns the names of what has changed."""
    folder.mkdir(exist_ok=True)
    changed = stale(folder, wanted)
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def main(arguments: list[str] | None = None) -> int:
    """The command's exit status: 1 when ``--check`` finds something that is not up to date.

    ``preview`` as the first argument draws them instead.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["preview"]:
        # Only who draws needs the plotting library.
        from dashboards.preview.command import main as preview  # noqa: PLC0415 - see above

        return preview(given[1:])
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    parser.add_argument("--out", type=Path, default=GENERATED, help="the folder (%(default)s)")
    chosen = parser.parse_args(given)
    wanted = files()
    if not chosen.check:
        for name in write(chosen.out, wanted):
            sys.stdout.write(f"written: {name}\n")
        return 0
    names = stale(chosen.out, wanted)
    for name in names:
        sys.stdout.write(f"stale: {name}; run `python -m dashboards`\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
