"""``python -m demo_services.shop.visitors``: customers who come to the shop, hour after hour."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer
import uvloop

from demo_services.load.driver import run
from demo_services.load.report import Report, Second
from demo_services.shop.story.customers import CUSTOMERS, crowd, plan, steps

#: They come in shifts, so that what the driver counts stays small.
_SHIFT_SECONDS: Final = 300.0


def main(
    *,
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the shop is reached.")],
    per_second: Annotated[float, typer.Option(min=0.1, max=1000, help="Requests a second.")] = 30.0,
    seconds: Annotated[
        float, typer.Option(min=0, help="How long they come; until Ctrl-C when 0.")
    ] = 0.0,
) -> None:
    """Look at products, buy some, and look at orders: an ordinary day.

    Exit status 0 when it is over, 1 when the shop cannot be reached.
    """
    left, shift = seconds, 0
    while True:
        length = min(left, _SHIFT_SECONDS) if seconds else _SHIFT_SECONDS
        client = crowd(CUSTOMERS, steps("usual", length, per_second), shift)
        try:
            report = uvloop.run(run(plan(to, (client,), shift), _ignore))
        except OSError as error:
            print(f"{to}: {error.strerror or error}", file=sys.stderr)
            raise typer.Exit(1) from error
        print(_told(report), flush=True)
        left, shift = left - length, shift + 1
        if seconds and left <= 0:
            return


def _ignore(_: Second) -> None:
    """Whoever watches looks at the dashboards."""


def _told(report: Report) -> str:
    (part,) = report.phases
    return (
        f"{part.offered} came, {part.admitted.count} served, {part.refused.count} refused,"
        f" {part.failed} failed, {part.marked} with less than usual;"
        f" p99 {part.admitted.p99_ms:.0f} ms"
    )


if __name__ == "__main__":
    typer.run(main)
