"""``sidecar init``: writes a rule file to begin with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands.examples import examples
from sidecar.model.addresses import parse_bind, parse_url
from sidecar.offline.openapi import BadDescription, Description, read_openapi
from sidecar.offline.starter import Start, rule_file, service_name
from sidecar.ruleset.check import check
from sidecar.ruleset.diagnostics import Severity

EXAMPLES = examples(
    "sidecar init --app 127.0.0.1:9000",
    "sidecar init --app 127.0.0.1:9000 --from openapi.json --out order.rules.yaml",
    "sidecar init --app 127.0.0.1:9000 --out - | less",
)
_STANDARD_OUTPUT = "-"


def init_command(
    app: Annotated[
        str, typer.Option(help="Where the service listens, host:port.", envvar="SIDECAR_APP")
    ],
    *,
    service: Annotated[
        str, typer.Option(help="Its name. Default: its OpenAPI title, or the folder's name.")
    ] = "",
    bind: Annotated[
        str, typer.Option(help="Where clients are to come, host:port.", envvar="SIDECAR_BIND")
    ] = "127.0.0.1:8080",
    described: Annotated[
        Path | None,
        typer.Option("--from", help="An OpenAPI description, whose operations become routes."),
    ] = None,
    out: Annotated[str, typer.Option(help="The file to write; - for standard output.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
) -> None:
    """Write a rule file that works as it is; its limits are in shadow and refuse nobody.

    Exit status 0 when it is written, 1 when it cannot be, 2 when an address or a description
    cannot be read.
    """
    description = _description(described)
    title = description.title if description is not None else ""
    name = service_name(service or title or Path.cwd().name)
    operations = description.operations if description is not None else ()
    start = Start(name, _url(app), _bind(bind), operations)
    target = out or f"{name}.rules.yaml"
    text = rule_file(start, target if target != _STANDARD_OUTPUT else f"{name}.rules.yaml")
    _insist_that_it_is_good(text, target)
    if target == _STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    _write(Path(target), text, force=force)
    typer.echo(f"{target} is written, with {len(operations)} routes. Run it: sidecar run {target}")


def _description(path: Path | None) -> Description | None:
    if path is None:
        return None
    try:
        return read_openapi(path.read_bytes())
    except (OSError, BadDescription) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise _refusal(f"{path} cannot be used: {said}") from error


def _url(app: str) -> str:
    text = app if "://" in app or app.startswith("unix:") else f"http://{app}"
    try:
        parse_url(text)
    except ValueError as error:
        raise _refusal(f"--app {app}: {error}; write 127.0.0.1:9000") from error
    return text


def _bind(text: str) -> str:
    try:
        parse_bind(text)
    except ValueError as error:
        raise _refusal(f"--bind {text}: {error}; write 127.0.0.1:8080") from error
    return text


def _insist_that_it_is_good(text: str, name: str) -> None:
    """What is handed to a newcomer has no error, whatever it was made of."""
    errors = [one for one in check(text, name).diagnostics if one.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        raise _refusal(f"no good rule file comes of this: line {first.line}: {first.message}")


def _write(path: Path, text: str, *, force: bool) -> None:
    if not force and path.exists():
        typer.echo(f"sidecar: {path} is there already; --force writes over it", err=True)
        raise typer.Exit(FAILED)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"sidecar: {path} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(FAILED) from error


def _refusal(text: str) -> typer.Exit:
    typer.echo(f"sidecar: {text}", err=True)
    return typer.Exit(BAD_USAGE)
