"""``python -m demo_services.shop.containers``: the shop's rule files for containers.

In a container each service has a name and ports of its own, and others reach it by that name; what
the rules decide stays as it is.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from demo_services.shop.story.layout import SERVICES, STOREFRONT, Layout, Place
from demo_services.shop.story.rule_files import COMMITTED, UnfitRules, placed

#: Each in a container of its own, with the same ports in all of them.
LAYOUT: Final[Layout] = {
    name: Place(
        app="127.0.0.1:9000",
        knobs="127.0.0.1:9100",
        inbound="0.0.0.0:8080",
        outbound="127.0.0.1:15001",
        prometheus="0.0.0.0:9464",
        known_as=f"{name}:8080",
    )
    for name in SERVICES
}
_SPOOL: Final = "/var/lib/sidecar/spool"


def main(
    *,
    out: Annotated[Path, typer.Option(help="The folder that they are written to.")],
    network: Annotated[
        str, typer.Option(help="Whose identity headers are believed: the containers' network.")
    ] = "172.28.0.0/24",
    elasticsearch: Annotated[
        str, typer.Option(metavar="URL", help="Where telemetry goes; nowhere when left out.")
    ] = "",
    rules: Annotated[Path, typer.Option(help="The rule files to begin with.")] = COMMITTED,
) -> None:
    """Write the rule files of the shop for containers that reach each other by name.

    Exit status 1 when one of those to begin with is none.
    """
    out.mkdir(parents=True, exist_ok=True)
    callers = ["127.0.0.1", str(ipaddress.ip_network(network))]
    telemetry = dict(_telemetry(elasticsearch))
    for service in SERVICES:
        path = out / f"{service}.rules.yaml"
        try:
            text = placed(rules / path.name, service, LAYOUT, telemetry, callers)
        except UnfitRules as error:
            print(error, file=sys.stderr)
            raise typer.Exit(1) from None
        _save(path, text)
        typer.echo(f"written: {path}")


def _telemetry(elasticsearch: str) -> Iterator[tuple[str, Any]]:
    yield "prometheus", {"bind": LAYOUT[STOREFRONT].prometheus}
    yield "logs", {"file": "stderr", "access": "10%"}
    if elasticsearch:
        spool = {"folder": _SPOOL}
        yield (
            "elasticsearch",
            {
                "url": elasticsearch,
                "namespace": "shop",
                "metrics_every": "10s",
                "spool": spool,
            },
        )


def _save(path: Path, text: str) -> None:
    # A sidecar may follow it, and must never read half of it.
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    typer.run(main)
