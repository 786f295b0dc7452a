"""``python -m demo_services.shop.containers``: the shop's rule files for containers.

In a container each service has a name and ports of its own, and others reach it by that name; what
the rules decide stays as it is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from ruamel.yaml import YAML

from demo_services.shop.story.layout import CALLS, SERVICES
from demo_services.shop.story.rule_files import COMMITTED

#: Where a sidecar listens in its container: for others, for its service, for Prometheus.
INBOUND: Final = "0.0.0.0:8080"
OUTBOUND: Final = "127.0.0.1:15001"
METRICS: Final = "0.0.0.0:9464"
_APP: Final = "http://127.0.0.1:9000"
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
    """Write the rule files of the shop for containers that reach each other by name."""
    out.mkdir(parents=True, exist_ok=True)
    callers = ["127.0.0.1", str(ipaddress.ip_network(network))]
    for service in SERVICES:
        text = (rules / f"{service}.rules.yaml").read_text(encoding="utf-8")
        _save(out / f"{service}.rules.yaml", _placed(text, service, callers, elasticsearch))
        typer.echo(f"written: {out / f'{service}.rules.yaml'}")


def _placed(text: str, service: str, callers: list[str], elasticsearch: str) -> Any:
    document = _yaml().load(text)
    document["listeners"]["inbound"]["bind"] = INBOUND
    if "outbound" in document["listeners"]:
        document["listeners"]["outbound"]["bind"] = OUTBOUND
    document["trust"]["callers"] = callers
    document["upstreams"]["app"]["url"] = _APP
    for peer in CALLS[service]:
        if peer in document["upstreams"]:
            document["upstreams"][peer]["url"] = f"http://{peer}:8080"
    telemetry = document.setdefault("telemetry", {})
    telemetry.update(_telemetry(elasticsearch))
    return document


def _telemetry(elasticsearch: str) -> Iterator[tuple[str, Any]]:
    yield "prometheus", {"bind": METRICS}
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


def _save(path: Path, document: Any) -> None:
    # A sidecar may follow it, and must never read half of it.
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        _yaml().dump(document, file)
    unfinished.replace(path)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.width = 4096
    yaml.preserve_quotes = True
    return yaml


if __name__ == "__main__":
    typer.run(main)
