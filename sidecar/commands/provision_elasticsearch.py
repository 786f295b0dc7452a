"""``sidecar provision elasticsearch``: templates that make data streams and delete what is old."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer
from pydantic_core import PydanticCustomError

from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands.examples import examples
from sidecar.commands.options import JsonOption
from sidecar.commands.provision_end import Unusable, ended, show, words
from sidecar.commands.rule_text import checked
from sidecar.model.namespace import parse_namespace
from sidecar.model.quantities import parse_duration
from sidecar.model.server_url import parse_server_url
from sidecar.ruleset.rendering import Format, render

if TYPE_CHECKING:
    from sidecar.provision.elasticsearch.wanted import Plan
    from sidecar.provision.step import Step

EXAMPLES: Final = examples(
    "sidecar provision elasticsearch order.rules.yaml --dry-run",
    "sidecar provision elasticsearch --url https://es:9200 --ca ca.pem --retention 30d",
)
_WHERE: Final = "Which cluster"
_HOW_LONG: Final = "How long documents are kept"
#: What clusters count time in, the longest first.
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


class _Access(msgspec.Struct, frozen=True):
    """How the cluster is reached."""

    urls: tuple[str, ...]
    api_key: str = ""
    user: str = ""
    password: str = ""
    ca: str = ""
    verify: bool = True


def elasticsearch_command(  # noqa: PLR0913 - each an option of its own
    rules: Annotated[
        Path | None,
        typer.Argument(help="The rule file whose `telemetry.elasticsearch` says where it is."),
    ] = None,
    *,
    url: Annotated[
        list[str],
        typer.Option(
            metavar="URL", help="Its address, or several of one cluster.", rich_help_panel=_WHERE
        ),
    ] = [],  # noqa: B006 - typer copies it
    api_key: Annotated[
        str,
        typer.Option(
            envvar="SIDECAR_ELASTICSEARCH_API_KEY",
            metavar="KEY",
            help="The API key; better given in the environment.",
            rich_help_panel=_WHERE,
        ),
    ] = "",
    user: Annotated[
        str,
        typer.Option(
            envvar="SIDECAR_ELASTICSEARCH_USER",
            metavar="NAME",
            help="The user, where there is no API key.",
            rich_help_panel=_WHERE,
        ),
    ] = "",
    password: Annotated[
        str,
        typer.Option(
            envvar="SIDECAR_ELASTICSEARCH_PASSWORD",
            metavar="PASSWORD",
            help="The password of that user; better given in the environment.",
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
    namespace: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Only the data streams of this namespace; all when left out."
        ),
    ] = "",
    retention: Annotated[
        str, typer.Option(metavar="DURATION", help="All of them.", rich_help_panel=_HOW_LONG)
    ] = "7d",
    traces: Annotated[
        str, typer.Option(metavar="DURATION", help="Spans.", rich_help_panel=_HOW_LONG)
    ] = "",
    logs: Annotated[
        str,
        typer.Option(metavar="DURATION", help="Log records and events.", rich_help_panel=_HOW_LONG),
    ] = "",
    metrics: Annotated[
        str, typer.Option(metavar="DURATION", help="Metrics.", rich_help_panel=_HOW_LONG)
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Install templates in Elasticsearch that make data streams and delete what is old.

    What is right stays as it is, and what is not the sidecar's is left alone. With a rule file,
    the options say what is different from it: somebody who may do more, perhaps.

    Exit status 0 when all is as it should be, 1 when the cluster refused a part of it or cannot be
    reached, 2 when the arguments make no sense.
    """
    try:
        given = _Access(tuple(url), api_key, user, password, ca)
        access = _access(rules, given)
        plan = _plan(namespace, retention, {"traces": traces, "logs": logs, "metrics": metrics})
    except (Unusable, PydanticCustomError) as error:
        ended(words(error), BAD_USAGE)
    steps, version = _provisioned(access, plan, dry_run=dry_run)
    heading = f"{f'Elasticsearch {version}'.strip()} at {', '.join(access.urls)}"
    show(steps, heading, dry_run=dry_run, as_json=as_json)


def _access(rules: Path | None, given: _Access) -> _Access:
    """How the cluster is reached, as the options say or else the rule file."""
    if rules is None:
        if not given.urls:
            raise Unusable("say where it is: a rule file, or --url")
        access = given
    else:
        access = _of_rules(rules)
        if given.urls:
            access = msgspec.structs.replace(access, urls=given.urls)
        if given.api_key or given.user:
            who = {"api_key": given.api_key, "user": given.user, "password": given.password}
            access = msgspec.structs.replace(access, **who)
        if given.ca:
            access = msgspec.structs.replace(access, ca=given.ca)
    if access.api_key and access.user:
        raise Unusable("give an API key, or a user with a password, not both")
    urls = tuple(parse_server_url(one) for one in access.urls)
    return msgspec.structs.replace(access, urls=urls)


def _of_rules(path: Path) -> _Access:
    result = checked(path)
    if result.file is None:
        sys.stderr.write(render([result], Format.TEXT, colour=sys.stderr.isatty()))
        raise typer.Exit(BAD_USAGE)
    spec = result.file.telemetry.elasticsearch
    if spec is None:
        raise Unusable(f"{path} has no telemetry.elasticsearch; give --url")
    reveal = result.attachments.secret
    return _Access(
        spec.url,
        reveal(spec.api_key).reveal() if spec.api_key is not None else "",
        spec.username,
        reveal(spec.password).reveal() if spec.password is not None else "",
        str(path.resolve().parent / spec.ca) if spec.ca else "",
        spec.verify,
    )


def _plan(namespace: str, retention: str, each: dict[str, str]) -> Plan:
    from sidecar.provision.elasticsearch.wanted import Plan  # noqa: PLC0415 - imports the client

    kept = {signal: _in_one_unit(given or retention) for signal, given in each.items()}
    return Plan(kept, parse_namespace(namespace) if namespace else "")


def _in_one_unit(text: str) -> str:
    """A duration as clusters read it: ``36h``."""
    seconds = parse_duration(text)
    for length, unit in _UNITS:
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length:.0f}{unit}"
    raise Unusable(f"{text} is not kept to the second")


def _provisioned(access: _Access, plan: Plan, *, dry_run: bool) -> tuple[list[Step], str]:
    # A third of a second goes into importing the client: only who needs it waits.
    from elasticsearch import ApiError, TransportError  # noqa: PLC0415

    from sidecar.elastic.connect import connect, said  # noqa: PLC0415
    from sidecar.provision.elasticsearch.cluster import Cluster  # noqa: PLC0415
    from sidecar.provision.elasticsearch.provisioning import provision  # noqa: PLC0415
    from sidecar.provision.step import Refused  # noqa: PLC0415

    place = ", ".join(access.urls)
    try:
        client = connect(
            access.urls,
            api_key=access.api_key,
            user=(access.user, access.password) if access.user else None,
            ca=access.ca,
            verify=access.verify,
        )
    except OSError as error:
        ended(f"{access.ca}: {said(error)}", BAD_USAGE)
    try:
        cluster = Cluster(client)
        return list(provision(cluster, plan, dry_run=dry_run)), cluster.version
    except Refused as error:
        ended(f"Elasticsearch at {place}: {error}", FAILED)
    except (ApiError, TransportError) as error:
        ended(f"Elasticsearch at {place}: {said(error)}", FAILED)
    finally:
        client.close()
