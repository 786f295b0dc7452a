"""Tables of figures in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.paired import Spread

NOTHING = "–"
Row = list[str]


def grid(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, padded so that it reads on a terminal too."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        return f"| {' | '.join(cells)} |"

    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    return "\n".join([line(rows[0]), rule, *(line(row) for row in rows[1:])]) + "\n"


def show(value: Spread | None, digits: int = 2) -> str:
    """A spread, or the sign that nothing was measured."""
    return NOTHING if value is None else value.show(digits)
