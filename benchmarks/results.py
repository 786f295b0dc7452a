"""What a campaign measured, as it is kept in ``results/*.json``."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One target under one load in one round."""

    round: int
    scenario: str
    target: str
    requests: int
    seconds: float
    #: CPU of the whole process tree for each request, in microseconds.
    cpu_us: float
    user_us: float
    system_us: float
    p50_us: float
    p99_us: float
    #: The same load straight on the upstream in the same round; 0 where it was not taken.
    direct_p50_us: float = 0.0
    direct_p99_us: float = 0.0
    #: Requests per second asked for; 0 where each waited for the last.
    offered: float = 0.0
    kept: bool = True
    #: Share of the proxy's core that went to other processes and to other machines.
    others: float = 0.0
    stolen: float = 0.0
    #: The part of ``cpu_us`` that its children used: of a sidecar, the exporter.
    children_us: float = 0.0


@dataclass(frozen=True, slots=True)
class Life:
    """One start of a target: how long it took, and the memory it took until its end."""

    round: int
    target: str
    started_seconds: float
    idle_bytes: int
    #: The highest resident size under the loads without a crowd.
    peak_bytes: int
    #: The highest with the crowd; 0 where there was none.
    crowd_bytes: int = 0
    #: Requests that were counted as answered, and lines in the access log at the end (which may
    #: be a few more: requests under way when a load stops are not counted).
    asked: int = 0
    logged: int = 0
    #: The parts of ``idle_bytes`` and ``peak_bytes`` that its children held.
    idle_children_bytes: int = 0
    peak_children_bytes: int = 0
    #: Of a sidecar that exports: spans, log records and points that were taken, and that were lost.
    told: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    """A whole campaign."""

    taken: str
    rounds: int
    run_seconds: int
    machine: dict[str, str]
    versions: dict[str, str]
    #: By target: what was proved before measuring (``proof.CLAIMS``).
    proved: dict[str, dict[str, bool]]
    #: By target: why it was left out.
    missing: dict[str, str] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)

    def of(self, scenario: str, target: str) -> dict[int, Cell]:
        """The cells of one scenario and target, by round."""
        return {
            cell.round: cell
            for cell in self.cells
            if cell.scenario == scenario and cell.target == target
        }

    def others_share(self) -> float:
        """What other processes took of the proxy's core, at the median of the measurements."""
        return statistics.median(cell.others for cell in self.cells) if self.cells else 0.0

    def lives_of(self, target: str) -> list[Life]:
        """Every start of one target."""
        return [life for life in self.lives if life.target == target]


def save(results: Results, path: Path) -> None:
    """Write one measurement a line, so that a diff shows what changed."""
    whole = {"format": FORMAT, **asdict(results)}
    rows = {name: whole.pop(name) for name in ("cells", "lives")}
    text = json.dumps(whole, indent=1, ensure_ascii=False).removesuffix("\n}")
    for name, entries in rows.items():
        lines = ",\n".join("  " + json.dumps(_rounded(entry)) for entry in entries)
        text += f',\n "{name}": [\n{lines}\n ]' if lines else f',\n "{name}": []'
    path.write_text(text + "\n}\n", encoding="utf-8")


def load(path: Path) -> Results:
    """Read what :func:`save` wrote.

    Raises ``ValueError`` for a file of another format.
    """
    whole: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if whole.pop("format", None) != FORMAT:
        message = f"{path.name} is not of format {FORMAT}"
        raise ValueError(message)
    cells = [Cell(**cell) for cell in whole.pop("cells")]
    lives = [Life(**life) for life in whole.pop("lives")]
    return Results(**whole, cells=cells, lives=lives)


def _rounded(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in entry.items()
    }
