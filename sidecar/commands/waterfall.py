"""A trace drawn for a terminal: a span a line, bars as long as they took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from rich.cells import cell_len
from rich.text import Text

from sidecar.commands.span_row import Row, event_in_words, one_line, row_of
from sidecar.commands.wording import millis
from sidecar.traces.remarks import kept_for, remarks
from sidecar.traces.trace import Trace
from sidecar.traces.tree import Node, forest

#: Told apart on light and dark ground; red is kept for what failed.
_COLOURS: Final = ("cyan", "green", "magenta", "blue", "yellow", "bright_cyan", "bright_magenta")
_BAR_AT_LEAST: Final = 10
_DURATION: Final = 7
#: Room for the status and why, in narrow and in wide terminals.
_RESULT_AT_MOST: Final = (18, 28)
_WIDE: Final = 100
_WIDTH_AT_LEAST: Final = 40


class Strokes(msgspec.Struct, frozen=True):
    """What lines are drawn with."""

    branch: str
    last_branch: str
    trunk: str
    bar: str
    point: str
    event: str
    odd: str
    towards: str
    more: str


UNICODE: Final = Strokes("├ ", "└ ", "│ ", "━", "╸", "•", "⚠", "→", "…")
ASCII: Final = Strokes("|-", "`-", "| ", "=", "-", "*", "!", ">", "~")


def waterfall(trace: Trace, width: int, strokes: Strokes = UNICODE) -> Text:
    """The whole picture, no line wider than ``width`` (40 at least)."""
    return Text("\n").join(_Picture(trace, max(width, _WIDTH_AT_LEAST), strokes).lines())


class _Picture:
    def __init__(self, trace: Trace, width: int, strokes: Strokes) -> None:
        self._trace = trace
        self._width = width
        self._strokes = strokes
        self._nodes = forest(trace.spans)
        self._rows = [*_rows(self._nodes, strokes)]
        self._start = min(span.start for span in trace.spans)
        self._end = max(span.end for span in trace.spans)
        services = dict.fromkeys(span.service for span in trace.spans)
        self._colours = _colours([*services])
        results = max(cell_len(row.result) for row in self._rows)
        self._result = min(results, _RESULT_AT_MOST[width >= _WIDE])
        right = _DURATION + 1 + self._result
        wide = width >= _WIDE
        labels = max(
            2 * node.depth + cell_len(row.label) + (cell_len(row.place) + 1 if wide else 0)
            for node, row in zip(self._nodes, self._rows, strict=True)
        )
        self._left = min(labels, (width - right) * 11 // 20)
        self._bar = max(width - self._left - right - 2, _BAR_AT_LEAST)
        self._left = width - self._bar - right - 2

    def lines(self) -> Iterator[Text]:
        yield from self._heading()
        yield Text()
        for node, row in zip(self._nodes, self._rows, strict=True):
            yield self._line(node, row)
            yield from self._below(node)
        said = remarks(self._trace, self._nodes)
        if said:
            yield Text()
        for sentence in said:
            yield from self._wrapped(sentence.split(" "))

    # --- above

    def _heading(self) -> Iterator[Text]:
        spans = self._trace.spans
        failed = sum(span.status == "error" for span in spans)
        moment = datetime.fromtimestamp(self._start / 1e9).astimezone()
        kept = ", ".join(kept_for(self._trace))
        parts = [
            f"{moment:%Y-%m-%d %H:%M:%S}.{self._start // 1_000_000 % 1000:03} {moment:%z}",
            _lasting(self._end - self._start),
            f"{_count(len(spans), 'span')} of {_count(len(self._colours), 'service')}",
            *([f"{failed} failed"] if failed else []),
            *([f"kept for: {kept}"] if kept else []),
        ]
        yield Text.assemble("trace ", (self._trace.trace_id, "bold"))
        yield from self._wrapped([f"{part}," for part in parts[:-1]] + parts[-1:])

    def _wrapped(self, words: Sequence[str]) -> Iterator[Text]:
        line = "  "
        for word in words:
            if cell_len(line) + cell_len(word) > self._width and line.strip():
                yield self._noted(line.rstrip(), "dim")
                line = "    "
            line += word + " "
        yield self._noted(line.rstrip(), "dim")

    # --- a span

    def _line(self, node: Node, row: Row) -> Text:
        colour = self._colours[node.span.service]
        failed = node.span.status == "error"
        left = Text.assemble(
            (self._branches(node), "dim"),
            (row.service, f"bold {colour}"), (" " if row.service and row.name else ""),
            (row.name, "dim" if node.span.kind == "client" else ""),
        )  # fmt: skip
        if row.place and cell_len(left.plain) + 1 + cell_len(row.place) <= self._left:
            left.append(f" {row.place}", "dim")
        left.truncate(self._left, overflow="ellipsis", pad=True)
        if self._strokes is ASCII:
            left = Text(left.plain.replace("…", ASCII.more))
        result = Text(row.result, "bold red" if failed else "dim")
        result.truncate(self._result, overflow="ellipsis")
        line = Text.assemble(
            left, " ", self._bar_of(node, "red" if failed else colour), " ",
            f"{_lasting(node.span.duration):>{_DURATION}}", " ", result,
        )  # fmt: skip
        line.rstrip()
        return line

    def _branches(self, node: Node) -> str:
        strokes = self._strokes
        if not node.depth:
            return ""
        # Deeper than there is room for: the number of levels stands for the first of them.
        room = max(self._left // 4, 2)
        hidden = max(node.depth - room, 0)
        trunk = [strokes.trunk if not last else "  " for last in node.last[1 + hidden : -1]]
        before = f"{strokes.more}{hidden} " if hidden else ""
        return before + "".join(trunk) + (strokes.last_branch if node.last[-1] else strokes.branch)

    def _bar_of(self, node: Node, style: str) -> Text:
        whole = max(self._end - self._start, 1)
        begins = (node.span.start - self._start) * self._bar // whole
        ends = -((self._start - node.span.end) * self._bar // whole)
        begins = min(begins, self._bar - 1)
        cells = min(max(ends - begins, 1), self._bar - begins)
        is_point = node.span.duration * self._bar < whole
        drawn = (self._strokes.point if is_point else self._strokes.bar) * cells
        return Text.assemble(" " * begins, (drawn, style), " " * (self._bar - begins - cells))

    # --- below a span

    def _below(self, node: Node) -> Iterator[Text]:
        indent = self._branches(node)
        indent = " " * min(cell_len(indent), self._width // 2) + "  "
        for odd in node.odd:
            yield self._noted(f"{indent}{self._strokes.odd} {odd.value}", "yellow")
        if node.span.status_message:
            yield self._noted(f"{indent}{self._strokes.odd} {node.span.status_message}", "red")
        for event in node.span.events:
            after = _lasting(event.at - self._start)
            said = f"{self._strokes.event} +{after} {event_in_words(event)}"
            yield self._noted(indent + said, "yellow")

    def _noted(self, said: str, style: str) -> Text:
        line = Text(one_line(said), style)
        line.truncate(self._width, overflow="ellipsis")
        return line


def _rows(nodes: Sequence[Node], strokes: Strokes) -> Iterator[Row]:
    above: list[str] = []
    for node in nodes:
        del above[node.depth :]
        yield row_of(node.span, above[-1] if above else "", strokes.towards)
        above.append(node.span.service)


def _colours(services: Sequence[str]) -> Mapping[str, str]:
    return {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(services)}


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _lasting(nanoseconds: int) -> str:
    return millis(nanoseconds / 1e9)
