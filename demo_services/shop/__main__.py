"""``python -m demo_services.shop`` or ``make demo``: a shop, its sidecars, and a sale."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from demo_services.processes import NotReady
from demo_services.shop.story.acts.program import NAMES
from demo_services.shop.story.elsewhere import API_KEY, PASSWORD, USER, Elsewhere, Unusable
from demo_services.shop.story.rule_files import COMMITTED, UnfitRules
from demo_services.shop.story.run import Wishes, run
from demo_services.shop.story.screen import Screen

_REPORT = Path(tempfile.gettempdir()) / "shop-report.html"
_TARGETS = Path(tempfile.gettempdir()) / "shop-prometheus"


def main(  # noqa: PLR0913 - each an option of its own
    *,
    act: Annotated[
        list[str] | None,
        typer.Option(help=f"Play this act alone, after the quiet one: {', '.join(NAMES)}."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")
    ] = False,
    without_sidecar: Annotated[
        bool, typer.Option("--without-sidecar", help="The same load on the bare services.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed, other customers.")] = 1,
    rules: Annotated[Path, typer.Option(help="Another folder of rule files.")] = COMMITTED,
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = _REPORT,
    elasticsearch: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Telemetry goes to this Elasticsearch, too. Credentials stand in "
            f"{API_KEY}, or {USER} and {PASSWORD}.",
        ),
    ] = "",
    ca: Annotated[
        str, typer.Option(metavar="FILE", help="The authorities that Elasticsearch's TLS is of.")
    ] = "",
    prometheus: Annotated[
        str, typer.Option(metavar="URL", help="This Prometheus scrapes, and is asked at the end.")
    ] = "",
    targets: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Where Prometheus finds whom to scrape, while it runs."),
    ] = _TARGETS,
    grafana: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="This Grafana gets the dashboards. GRAFANA_TOKEN has the token of a service "
            "account.",
        ),
    ] = "",
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="With a Prometheus and an Alertmanager beside it, and a line for each alert.",
        ),
    ] = False,
    otlp: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Telemetry goes to this collector, too; over gRPC to port 4317."
        ),
    ] = "",
) -> None:
    """Tell the story of a sale on a shop of four services, each with its sidecar.

    Exit status 0 when every promise was kept, 1 when one was not or something did not start, 2 when
    a backend that was named cannot be used: then nothing was started.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    screen = Screen()
    wishes = Wishes(
        acts=tuple(act or ()),
        keep=keep,
        seed=seed,
        rules=None if without_sidecar else rules,
        report=report,
        elsewhere=Elsewhere(
            elasticsearch=elasticsearch,
            ca=str(Path(ca).resolve()) if ca else "",
            prometheus=prometheus,
            otlp=otlp,
            grafana=grafana,
        ),
        targets=targets,
        watch=watch,
    )
    try:
        kept = run(wishes, screen)
    except Unusable as error:
        screen.verbatim(str(error))
        raise typer.Exit(2) from None
    except (NotReady, UnfitRules, OSError, ValueError) as error:
        screen.verbatim(f"\n{error}")
        kept = False
    except KeyboardInterrupt:
        screen.say("\ninterrupted: everything has been ended")
        kept = False
    raise typer.Exit(0 if kept else 1)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(main)
