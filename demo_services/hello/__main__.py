"""``python -m demo_services.hello``: a service, a sidecar, a burst."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from demo_services.hello.demo import Demo, check_addresses
from demo_services.hello.rules import COMMITTED, UnfitRules
from demo_services.hello.screen import Screen
from demo_services.processes import NotReady, Processes


def main(
    *,
    seconds: Annotated[
        float, typer.Option(min=8, max=600, help="How long the load goes on.")
    ] = 16.0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave service and sidecar running until Ctrl-C.")
    ] = False,
    rules: Annotated[Path, typer.Option(help="Another rule file for the sidecar.")] = COMMITTED,
    without_sidecar: Annotated[
        bool, typer.Option("--without-sidecar", help="The same load on the bare service.")
    ] = False,
) -> None:
    """Show what a sidecar does when one client becomes greedy.

    Exit status 0 when every promise was kept, 1 when one was not or something did not start.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    screen = Screen()
    try:
        kept = _run(screen, seconds, None if without_sidecar else rules, keep=keep)
    except (NotReady, UnfitRules, OSError) as error:
        screen.verbatim(f"\n{error}")
        kept = False
    except KeyboardInterrupt:
        screen.say("\ninterrupted: everything has been ended")
        kept = False
    raise typer.Exit(0 if kept else 1)


def _run(screen: Screen, seconds: float, rules: Path | None, *, keep: bool) -> bool:
    check_addresses()
    with tempfile.TemporaryDirectory(prefix="hello-") as name:
        directory = Path(name)
        with Processes(directory) as processes:
            demo = Demo(screen, directory, processes)
            service = demo.start_service()
            addresses = {"shop": service.address, "knobs": service.control}
            copy: Path | None = None
            if rules is None:
                kept = demo.run_bare(service, seconds)
            else:
                sidecar = demo.start_sidecar(service, rules)
                kept = demo.run_governed(sidecar, service, seconds)
                copy = sidecar.rules
                addresses |= {
                    "sidecar": sidecar.inbound,
                    "metrics": f"{sidecar.prometheus}/metrics",
                }
            if keep:
                demo.stay(addresses, copy)
    screen.closing(kept=kept, governed=rules is not None)
    return kept


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(main)
