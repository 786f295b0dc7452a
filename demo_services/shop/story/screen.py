"""What one sees at the terminal: one line an act, live numbers under it, a table at the end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo_services.load.report import PhaseReport, Second
from demo_services.shop.story.sparks import Totals, bars, totals
from demo_services.shop.story.telling import Story, Told

#: What the lines need when nobody says how wide the terminal is.
_WIDTH: Final = 110
_SHOWN_SECONDS: Final = 60
_FRAMES_A_SECOND: Final = 4


class Screen:
    """Draws at a terminal, writes plain lines to anything else; NO_COLOR is honoured."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = _WIDTH
        self._live: Live | None = None
        self._title = ("", "")
        self._began = time.monotonic()
        self._seconds: deque[Totals] = deque(maxlen=_SHOWN_SECONDS)
        self._moment = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console,
                refresh_per_second=_FRAMES_A_SECOND,
                get_renderable=self._picture,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """One line of the story; may have rich's markup."""
        self._console.print(text, soft_wrap=True)

    def verbatim(self, text: str) -> None:
        """Somebody else's words, as they are."""
        self._console.print(Text(text), soft_wrap=True)

    def begin(self, name: str, title: str) -> None:
        """An act begins."""
        self._title = (name, title)
        self._moment = ""
        if self._live is None:
            self._line(("  ..    ", "dim"), (f"{name:<9}", "bold"), (title, ""))

    def second(self, second: Second) -> None:
        """Part of Audience: a second of load is over."""
        now = totals(second)
        self._seconds.append(now)
        if self._live is None:
            self._line((f"{'':17}{now.words()}", "dim"))

    def moment(self, words: str) -> None:
        """Part of Audience: something was done."""
        self._moment = words
        if self._live is None:
            self._line((f"{'':17}> {words}", "dim"))

    def end(self, told: Told, *, governed: bool) -> None:
        """An act is over: its line, and every promise that was broken."""
        word, style = ("PASS", "bold green") if told.kept else ("FAIL", "bold red")
        if not governed:
            word, style = "seen", "bold"
        # Without a live picture the title is there already.
        title = f"{told.title}  " if self._live is not None else ""
        if 17 + len(title) + len(told.gist) > self._console.width:
            title = ""
        self._line(
            (f"  {word}  ", style), (f"{told.name:<9}", "bold"), (title, ""), (told.gist, "cyan")
        )
        for check in told.checks:
            if not check.kept:
                self._line((f"{'':8}not kept: ", "red"), (f"{check.promise}: {check.measured}", ""))
        self._title = ("", "")

    def summary(self, story: Story) -> None:
        """Every act and client in numbers, then how many promises were kept."""
        self._console.print()
        self._console.print(_table(story))
        checks = [check for act in story.acts for check in act.checks]
        if story.governed:
            kept = sum(check.kept for check in checks)
            self._line((f"{kept} of {len(checks)} promises kept", "bold"))

    def quotes(self, told: Told) -> None:
        """What was written in an act, word for word."""
        for quote in told.quotes:
            for line in quote.splitlines():
                self._line((f"{'':17}{line}", "dim"))

    def addresses(self, addresses: Mapping[str, str], rules: Path | None) -> None:
        """Where everything is while it keeps running."""
        self.say("\n[bold]Everything keeps running until Ctrl-C.[/bold]")
        for name, address in addresses.items():
            self.verbatim(f"  {name:<20} {address}")
        if rules is not None:
            self.verbatim(f"  {'rules':<20} {rules}  (edit them: changes take effect at once)")
            self.verbatim(f"  {'traces':<20} sidecar traces list --files {rules / 'telemetry'}")

    def _line(self, *parts: tuple[str, str]) -> None:
        text = Text()
        for part, style in parts:
            text.append(part, style=style)
        self._console.print(text, soft_wrap=True)

    def _picture(self) -> RenderableType:
        """What stands under the lines that are told, drawn anew a few times a second."""
        name, title = self._title
        head = Text.assemble(
            ("  >>>   ", "bold cyan"), (f"{name:<9}", "bold"), title,
            (f"   {time.monotonic() - self._began:.0f} s", "dim"),
        )  # fmt: skip
        if not self._seconds:
            return head
        unicode = self._console.encoding.startswith("utf")
        return Group(
            head,
            Text(f"        {self._seconds[-1].words()}", style="dim"),
            *bars(self._seconds, unicode=unicode),
            Text(f"        {self._moment}", style="yellow"),
        )


def _table(story: Story) -> Table:
    table = Table(title="What happened", title_justify="left", title_style="bold")
    for name in ("act", "phase", "who"):
        table.add_column(name)
    columns = ("asked", "in", "refused", "degraded", "failed", "p50 ms", "p99 ms", "max ms")
    for name in columns:
        table.add_column(name, justify="right")
    for act in story.acts:
        for part in act.report.phases if act.report is not None else ():
            if part.offered:
                table.add_row(act.name, part.phase, part.client, *_numbers(part))
    return table


def _numbers(part: PhaseReport) -> tuple[str, ...]:
    latency = part.admitted
    counts = (part.offered, latency.count, part.refused.count, part.marked, part.failed)
    times = (latency.p50_ms, latency.p99_ms, latency.max_ms)
    return (*map(str, counts), *(f"{ms:.0f}" if latency.count else "-" for ms in times))
