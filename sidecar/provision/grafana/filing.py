"""Writes files of provisioning where they differ, and takes away those that are wanted no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sidecar.provision.difference import Changed
from sidecar.provision.grafana.files import BOARDS, file_texts, optional
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.step import Step, What

#: Writes a file as a whole.
Write = Callable[[Path, str], Any]


def file_steps(
    folder: Path, plan: Plan, write: Write, *, provisioning: str, dry_run: bool
) -> Iterator[Step]:
    """What has to be written, and is unless it is a ``dry_run``.

    ``provisioning`` is where Grafana will find the folder.
    """
    texts = file_texts(plan, provisioning)
    for path, text in texts.items():
        yield _settled(folder / path, text, write, about=f"file {path}", dry_run=dry_run)
    for path in _stale(folder, texts, optional(plan)):
        about = f"file {path}"
        if not plan.prune:
            yield Step(What.NOTE, about, "wanted no more; --prune deletes it")
            continue
        try:
            if not dry_run:
                (folder / path).unlink(missing_ok=True)
        except OSError as error:
            yield Step(What.REFUSED, about, str(error.strerror or error))
        else:
            yield Step(What.DELETED, about, "wanted no more")


def _settled(path: Path, text: str, write: Write, *, about: str, dry_run: bool) -> Step:
    try:
        before = path.read_bytes().decode("utf-8", "replace") if path.exists() else None
        if before == text:
            return Step(What.UNCHANGED, about)
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, text)
    except OSError as error:
        return Step(What.REFUSED, about, str(error.strerror or error))
    if before is None:
        return Step(What.CREATED, about)
    return Step(What.CHANGED, about, changed=tuple(_lines(before, text)))


def _lines(before: str, after: str) -> Iterator[Changed]:
    """The first line that differs: enough to see what it is about. No line of contact points."""
    old, new = before.splitlines(), after.splitlines()
    for number in range(max(len(old), len(new))):
        pair = [lines[number].strip() if number < len(lines) else "" for lines in (old, new)]
        if pair[0] != pair[1]:
            shown = ["…" if "://" in one else one for one in pair]
            yield Changed(f"line {number + 1}", *shown)
            return


def _stale(folder: Path, texts: Mapping[str, str], some: tuple[str, ...]) -> Iterator[str]:
    """Files of our making that are there for nothing any more."""
    for path in some:
        if path not in texts and (folder / path).exists():
            yield path
    for found in sorted((folder / BOARDS).glob("*.json")):
        path = f"{BOARDS}/{found.name}"
        if path not in texts:
            yield path
