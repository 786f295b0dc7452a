"""How the steps of provisioning are shown: what is there, what is new, what was said no to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from sidecar.provision.difference import Changed
from sidecar.provision.step import Step, What

_SIGNS: Final = {
    What.CREATED: ("+", "green"),
    What.CHANGED: ("~", "yellow"),
    What.DELETED: ("-", "red"),
    What.UNCHANGED: ("=", "dim"),
    What.REFUSED: ("!", "bold red"),
    What.NOTE: ("i", "cyan"),
}
#: What is counted at the end, in order.
_COUNTED: Final = (What.CREATED, What.CHANGED, What.DELETED, What.UNCHANGED, What.REFUSED)

_WOULD: Final = {
    What.CREATED: "to create",
    What.CHANGED: "to change",
    What.DELETED: "to delete",
}


def step_lines(step: Step) -> Iterator[Text]:
    """One line for a step, and one for each value that changes in what is there."""
    sign, style = _SIGNS[step.what]
    words = f": {step.words}" if step.words else ""
    yield Text.assemble((f"  {sign} {step.about}", style), words)
    if step.what is What.CHANGED:
        yield from (Text(f"      {_change(one)}", style) for one in step.changed)


def summary(steps: Sequence[Step], *, dry_run: bool) -> str:
    """All in one sentence."""
    counts = Counter(step.what for step in steps)
    would = _WOULD if dry_run else {}
    parts = [f"{counts[what]} {would.get(what, what.value)}" for what in _COUNTED if counts[what]]
    said = ", ".join(parts) or "nothing to do"
    return f"{said}; nothing was changed" if dry_run else said


def _change(changed: Changed) -> str:
    before, after = changed.before or "nothing", changed.after or "nothing"
    return f"{changed.path}: {before} → {after}"
