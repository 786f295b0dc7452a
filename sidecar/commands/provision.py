"""``sidecar provision``: prepares others for what the sidecar tells them."""

from __future__ import annotations

import typer

from sidecar.commands import provision_elasticsearch, provision_grafana

provision_app = typer.Typer(
    name="provision",
    help="Prepare others for what the sidecar tells them.",
    no_args_is_help=True,
    add_completion=False,
)


@provision_app.callback()
def _provision() -> None:
    """Prepare others for what the sidecar tells them."""


provision_app.command("elasticsearch", epilog=provision_elasticsearch.EXAMPLES)(
    provision_elasticsearch.elasticsearch_command
)
provision_app.command("grafana", epilog=provision_grafana.EXAMPLES)(
    provision_grafana.grafana_command
)
