"""What one sees at the terminal: a line a second, then what happened, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from demo_services.check import Check
from demo_services.hello.story import GREEDY, GREEDY_PER_SECOND, WORDS
from demo_services.load.report import ClientSecond, Report, Sample, Second

#: What the lines need when nobody says how wide the terminal is.
_WIDTH: Final = 100
_BAR: Final = 20
_PER_CELL: Final = GREEDY_PER_SECOND / _BAR
_COMMAND: Final = ".venv/bin/python -m demo_services.hello"
_SHOWN_FIELDS: Final = (
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "content-type",
    "x-sidecar-decision",
)


class Screen:
    """Writes to a terminal in colour, to anything else in plain lines; NO_COLOR is honoured."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = _WIDTH
        self._phase = ""
        unicode = self._console.encoding.startswith("utf")
        self._admitted_cell, self._refused_cell = ("█", "░") if unicode else ("#", ".")

    def say(self, text: str) -> None:
        """One line of the story."""
        self._console.print(text, soft_wrap=True)

    def verbatim(self, text: str) -> None:
        """Somebody else's words, as they are."""
        self._console.print(Text(text), soft_wrap=True)

    def second(self, second: Second) -> None:
        """The line of one second, under a heading when a phase begins."""
        first = second.clients[0]
        if first.phase != self._phase:
            self._phase = first.phase
            self._heading(second)
        line = Text(f"{second.second:4}  ")
        for client in second.clients:
            line.append_text(self._numbers(client))
        greedy = next((one for one in second.clients if one.client == GREEDY), first)
        line.append_text(self._bar(greedy))
        self._console.print(line, soft_wrap=True)

    def summary(self, report: Report) -> None:
        """Every client in every phase."""
        table = Table(title="What happened", title_justify="left", title_style="bold")
        for name in ("phase", "client"):
            table.add_column(name)
        for name in ("offered", "admitted", "refused", "failed", "p50 ms", "p99 ms", "max ms"):
            table.add_column(name, justify="right")
        for part in sorted(report.phases, key=lambda part: list(WORDS).index(part.phase)):
            admitted = part.admitted
            counts = (part.offered, admitted.count, part.refused.count, part.failed)
            latencies = (admitted.p50_ms, admitted.p99_ms, admitted.max_ms)
            table.add_row(
                part.phase,
                part.client,
                *map(str, counts),
                *(f"{latency:.1f}" for latency in latencies),
            )
        self._console.print()
        self._console.print(table)
        driver = report.driver
        self.say(
            f"[dim]Latencies of the admitted, from the moment each request was due. The load "
            f"driver was {driver.lag.p99_ms:.1f} ms late at its p99 and took "
            f"{driver.cpu_seconds:.1f} s of CPU.[/dim]"
        )

    def answer(self, sample: Sample, log_line: str | None) -> None:
        """One refusal or failure as the client saw it, and as the sidecar wrote it down."""
        self.say(f"\n[bold]One {sample.status} as {sample.client} saw it[/bold]")
        self.verbatim(f"  {sample.head.partition(chr(13))[0]}")
        for name in _SHOWN_FIELDS:
            if (value := sample.field(name)) is not None:
                self.verbatim(f"  {name}: {value}")
        self.verbatim(f"  {sample.body.strip()}")
        if log_line is not None:
            self.say(
                "[bold]and as the sidecar wrote it down[/bold]: "
                "its span_id is the decision's id, and here the rule is named"
            )
            self.verbatim(f"  {log_line}")

    def verdict(self, checks: Sequence[Check]) -> None:
        """Every promise with PASS or FAIL."""
        self.say("")
        for check in checks:
            word = "[bold green]PASS[/]" if check.kept else "[bold red]FAIL[/]"
            self.say(f"{word}  {escape(check.promise)}")
            self.say(f"      [dim]{escape(check.measured)}[/dim]")

    def closing(self, *, kept: bool, governed: bool) -> None:
        """The last word, and what to try next."""
        again = f"{_COMMAND} --without-sidecar" if governed else _COMMAND
        contrast = "the same load on the bare service" if governed else "the same with a sidecar"
        if governed:
            self.say(f"\n[bold]{'PASS' if kept else 'FAIL'}[/bold]")
        self.say("\nWhat to try next:")
        for command, effect in (
            (again, contrast),
            (f"{_COMMAND} --keep", "leave it running, and ask it things with curl"),
            ("edit rules/hello.rules.yaml", "another limit, then the demo again"),
        ):
            self.say(f"  {command:<60} [dim]{effect}[/dim]")

    def addresses(self, addresses: Mapping[str, str], rule_file: Path | None) -> None:
        """Where everything is while it keeps running."""
        self.say("\n[bold]Everything keeps running until Ctrl-C.[/bold]")
        for name, address in addresses.items():
            self.say(f"  {name:<8} http://{address}")
        if "sidecar" in addresses:
            self.verbatim(f"  try      curl -i http://{addresses['sidecar']}/products/1")
        knobs = "'{\"latency_ms\": 100}'"
        self.verbatim(f"  slower   curl -X PATCH http://{addresses['knobs']}/ -d {knobs}")
        if rule_file is not None:
            self.verbatim(f"  rules    {rule_file}  (edit it: changes take effect at once)")

    def _heading(self, second: Second) -> None:
        words = WORDS.get(self._phase, "")
        self.say(f"\n[bold]{self._phase}[/bold]: {words}")
        columns = "".join(
            f"{client.client:>7}: {'asked':>5} {'in':>4} {'429':>4} {'p50':>6} {'p99 ms':>7}  "
            for client in second.clients
        )
        self.say(f"[dim]   s  {columns}[/dim]")

    def _numbers(self, client: ClientSecond) -> Text:
        text = Text(f"{'':8}{client.offered:6} ")
        text.append(f"{client.admitted:4} ", style="green")
        text.append(f"{client.refused:4} ", style="red" if client.refused else "dim")
        text.append(f"{client.p50_ms:6.1f} {client.p99_ms:7.1f}  ")
        if client.failed:
            text.append(f"{client.failed} failed  ", style="bold red")
        return text

    def _bar(self, client: ClientSecond) -> Text:
        admitted = round(client.admitted / _PER_CELL)
        refused = round(client.refused / _PER_CELL)
        bar = Text(self._admitted_cell * admitted, style="green")
        return bar.append(self._refused_cell * refused, style="red")
