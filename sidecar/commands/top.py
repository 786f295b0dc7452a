"""``sidecar top``: routes, rules, breakers and upstreams, live."""

from __future__ import annotations

import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from sidecar.admin import answers as a
from sidecar.commands.examples import examples
from sidecar.commands.options import ServiceOption, SocketOption, TokenOption, UrlOption
from sidecar.commands.rates import Rates, rates_between
from sidecar.commands.reaching import Reach, Running, reached
from sidecar.commands.top_screen import ORDERS, screen

EXAMPLES = examples(
    "sidecar top", "sidecar top --every 0.5", "sidecar top --count 3 > snapshot.txt"
)
_PLAIN_WIDTH = 120
_PLAIN_HEIGHT = 1000


def top_command(
    *,
    every: Annotated[
        float, typer.Option("--every", min=0.1, metavar="SECONDS", help="How often to look.")
    ] = 1.0,
    count: Annotated[
        int, typer.Option("--count", min=0, help="End after so many looks; 0 for never.")
    ] = 0,
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Show what goes through a sidecar, live: q quits, s sorts, p pauses.

    Where the output is no terminal, each look is written below the one before.
    Exit status 0 at its end, 1 when the sidecar was not reached or has ended.
    """
    console = Console(highlight=False)
    with reached(Reach(socket, url, token, service)) as running:
        try:
            if console.is_terminal and sys.stdin.isatty():
                _live(console, running, every, count)
            else:
                _plain(running, every, count)
        except (KeyboardInterrupt, BrokenPipeError):
            return


def _looks(running: Running, every: float, count: int) -> Iterator[Rates]:
    """Look again and again, each time after ``every`` seconds."""
    before = running.ask("/v1/overview", a.Overview)
    shown = 0
    while not count or shown < count:
        time.sleep(every)
        now = running.ask("/v1/overview", a.Overview)
        yield rates_between(before, now)
        before, shown = now, shown + 1


def _plain(running: Running, every: float, count: int) -> None:
    console = Console(highlight=False, width=_PLAIN_WIDTH)
    for rates in _looks(running, every, count):
        console.print(
            screen(
                rates, order=0, paused=False, width=_PLAIN_WIDTH, height=_PLAIN_HEIGHT, keys=False
            )
        )
        console.print()


def _live(console: Console, running: Running, every: float, count: int) -> None:
    order, paused, shown = 0, False, 0
    before = running.ask("/v1/overview", a.Overview)
    rates = rates_between(before, before)
    due = time.monotonic() + min(every, 0.5)
    with _keys_at_once(), Live(console=console, screen=True, auto_refresh=False) as live:
        while not count or shown < count:
            size = console.size
            live.update(
                screen(rates, order=order, paused=paused, width=size.width, height=size.height),
                refresh=True,
            )
            key = _key(max(due - time.monotonic(), 0.0))
            if key == "q":
                return
            if key == "s":
                order = (order + 1) % len(ORDERS)
            elif key == "p":
                paused = not paused
            if time.monotonic() >= due:
                due = time.monotonic() + every
                if not paused:
                    now = running.ask("/v1/overview", a.Overview)
                    rates, before, shown = rates_between(before, now), now, shown + 1


@contextmanager
def _keys_at_once() -> Iterator[None]:
    """Keys are read as they are pressed, and not shown."""
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _key(within_seconds: float) -> str:
    """The key pressed within that time, empty for none."""
    ready, _, _ = select.select([sys.stdin], [], [], within_seconds)
    return sys.stdin.read(1).lower() if ready else ""
