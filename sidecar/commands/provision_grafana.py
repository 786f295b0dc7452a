"""``sidecar provision grafana``: folder, data sources, dashboards and alerts in Grafana."""

from __future__ import annotations

import os
import time
from typing import Annotated, Final

import typer
from pydantic_core import PydanticCustomError

from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands.examples import examples
from sidecar.commands.options import JsonOption
from sidecar.commands.provision_end import Unusable, ended, show, words
from sidecar.model.quantities import parse_duration
from sidecar.model.server_url import parse_server_url
from sidecar.provision.grafana.access import Access
from sidecar.provision.grafana.credentials import Environment, Unreadable
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.sources import Place, Places
from sidecar.provision.step import Refused, Step

EXAMPLES: Final = examples(
    "sidecar provision grafana --url https://grafana:3000 --prometheus http://prometheus:9090"
    " --dry-run",
    "sidecar provision grafana --url https://grafana:3000 --token-file /run/secrets/grafana"
    " --elasticsearch https://es:9200 --traces http://traces:16686",
)
_WHERE: Final = "Which Grafana"
_READS: Final = "What Grafana reads, as it sees it"
_LOGIN: Final = (
    "say who asks: GRAFANA_TOKEN in the environment or --token-file, or --user with"
    " GRAFANA_PASSWORD or --password-file"
)


def grafana_command(  # noqa: PLR0913 - each an option of its own
    *,
    url: Annotated[
        str,
        typer.Option(
            envvar=["SIDECAR_GRAFANA_URL", "GRAFANA_URL"],
            metavar="URL",
            help="Its address.",
            rich_help_panel=_WHERE,
        ),
    ] = "",
    token_file: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Where the token of a service account stands; or GRAFANA_TOKEN in the"
            " environment.",
            rich_help_panel=_WHERE,
        ),
    ] = "",
    user: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The user, where there is no token.", rich_help_panel=_WHERE
        ),
    ] = "",
    password_file: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Where that user's password stands; or GRAFANA_PASSWORD in the environment.",
            rich_help_panel=_WHERE,
        ),
    ] = "",
    ca: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="The authorities that are believed, PEM; the system's when left out.",
            rich_help_panel=_WHERE,
        ),
    ] = "",
    prometheus: Annotated[
        str, typer.Option(metavar="URL", help="Prometheus.", rich_help_panel=_READS)
    ] = "",
    scrape_interval: Annotated[
        str,
        typer.Option(
            metavar="DURATION", help="How often Prometheus scrapes.", rich_help_panel=_READS
        ),
    ] = "15s",
    elasticsearch: Annotated[
        str,
        typer.Option(metavar="URL", help="Elasticsearch: logs and spans.", rich_help_panel=_READS),
    ] = "",
    traces: Annotated[
        str,
        typer.Option(
            metavar="URL", help="What `sidecar traces serve` serves.", rich_help_panel=_READS
        ),
    ] = "",
    renew_secrets: Annotated[
        bool,
        typer.Option(
            "--renew-secrets",
            help="Write passwords and tokens again that Grafana has: it does not show which.",
            rich_help_panel=_READS,
        ),
    ] = False,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Delete what the sidecar has made and is wanted no more."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Put folder, data sources and dashboards into Grafana, and keep them as they should be.

    A second time there is nothing to do. What is not the sidecar's is left alone.

    Exit status 0 when all is as it should be, 1 when Grafana refused a part of it or cannot be
    reached, 2 when the arguments make no sense.
    """
    environment = Environment(os.environ)
    try:
        access = _access(url, environment, (token_file, user, password_file), ca)
        addresses = {
            "PROMETHEUS": prometheus, "ELASTICSEARCH": elasticsearch, "TRACES": traces,
        }  # fmt: skip
        places = _places(addresses, scrape_interval, environment)
    except (Unusable, PydanticCustomError) as error:
        ended(words(error), BAD_USAGE)
    plan = Plan(places, prune=prune, renew_secrets=renew_secrets)
    steps, version = _provisioned(access, plan, dry_run=dry_run)
    heading = f"{f'Grafana {version}'.strip()} at {access.url}"
    show(steps, heading, dry_run=dry_run, as_json=as_json)


def _access(
    url: str, environment: Environment, login_options: tuple[str, str, str], ca: str
) -> Access:
    if not url:
        raise Unusable("say where it is: --url")
    token_file, user, password_file = login_options
    if token_file and user:
        raise Unusable("give a token, or a user with a password, not both")
    try:
        login = environment.login(token_file=token_file, user=user, password_file=password_file)
    except Unreadable as error:
        raise Unusable(str(error)) from None
    if login.token is None and login.password is None:
        raise Unusable(_LOGIN)
    return Access(parse_server_url(url), login.token, login.user, login.password, ca)


def _places(addresses: dict[str, str], interval: str, environment: Environment) -> Places:
    parse_duration(interval)

    def place(name: str) -> Place | None:
        url = addresses[name]
        return environment.place(parse_server_url(url), name) if url else None

    try:
        return Places(place("PROMETHEUS"), place("ELASTICSEARCH"), place("TRACES"), interval)
    except Unreadable as error:
        raise Unusable(str(error)) from None


def _provisioned(access: Access, plan: Plan, *, dry_run: bool) -> tuple[list[Step], str]:
    # Half a second goes into importing the client: only who needs it waits.
    from sidecar.provision.grafana.provisioning import provision  # noqa: PLC0415
    from sidecar.provision.grafana.server import Server  # noqa: PLC0415

    try:
        server = Server(access)
    except OSError as error:
        ended(f"{access.ca} cannot be read: {error.strerror or error}", BAD_USAGE)
    try:
        version = server.version()
        return list(provision(server, plan, dry_run=dry_run, wait=time.sleep)), version
    except Refused as error:
        ended(f"Grafana at {access.url}: {error}", FAILED)
    finally:
        server.close()
