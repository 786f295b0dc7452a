"""The ``sidecar`` command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sidecar import __version__
from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.diagnostics import Severity, Span, finding
from sidecar.ruleset.document import FILE_BYTES_AT_MOST, Document
from sidecar.ruleset.rendering import Format, render
from sidecar.ruleset.schema import RULE_KINDS, json_schema
from sidecar.settings import LoopKind, Settings

#: Exit status of a command that found the rule file wanting.
BAD_RULES = 2

app = typer.Typer(
    name="sidecar",
    help="A service-governance and observability sidecar: a proxy beside every service.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command that the arguments name; exits with its status."""
    app()


def _version(asked: bool) -> None:  # noqa: FBT001 - typer hands the option's value over so
    if asked:
        typer.echo(f"sidecar {__version__}")
        raise typer.Exit


@app.callback()
def _sidecar(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    """Govern and observe the service beside it, by a file of rules."""


@app.command(
    "check",
    epilog="Examples: [bold]sidecar check rules/hello.rules.yaml[/bold] · "
    "[bold]sidecar check --strict --format github rules/*.rules.yaml[/bold]",
)
def check_command(
    files: Annotated[list[Path], typer.Argument(help="Rule files; - for standard input.")],
    form: Annotated[
        Format, typer.Option("--format", help="How findings are written.", case_sensitive=False)
    ] = Format.TEXT,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Let warnings fail the check as well.")
    ] = False,
) -> None:
    """Say everything that is wrong with rule files, without running anything.

    Exit status 0 when they can be used, 2 when they cannot.
    """
    results = [_checked(path) for path in files]
    colour = form is Format.TEXT and sys.stdout.isatty()
    sys.stdout.write(render(results, form, colour=colour))
    if form is Format.TEXT:
        sys.stdout.write("".join(_summary(checked) for checked in results))
    fatal = set(Severity) if strict else {Severity.ERROR}
    found = {one.severity for checked in results for one in checked.diagnostics}
    raise typer.Exit(BAD_RULES if found & fatal else 0)


@app.command(
    "run",
    epilog="Examples: [bold]sidecar run rules/hello.rules.yaml[/bold] · "
    "[bold]sidecar run rules/hello.rules.yaml --take-over[/bold]",
)
def run_command(
    rules: Annotated[Path, typer.Argument(help="The rule file.", envvar="SIDECAR_RULES")],
    *,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            envvar="SIDECAR_TAKE_OVER",
            help="Inherit the listening sockets of the sidecar that runs, and have it drain.",
        ),
    ] = False,
    loop: Annotated[
        LoopKind, typer.Option(envvar="SIDECAR_LOOP", help="The event loop.")
    ] = LoopKind.UVLOOP,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="SIDECAR_STATE_DIR",
            help="Where the control and admin sockets are. "
            "Default: a directory of its own for each service and address.",
        ),
    ] = None,
    drain: Annotated[
        float,
        typer.Option(
            envvar="SIDECAR_DRAIN",
            min=0.0,
            metavar="SECONDS",
            help="How long running requests may take to finish after SIGTERM.",
        ),
    ] = 30.0,
) -> None:
    """Serve, governed by a rule file, which may change while this runs.

    SIGTERM finishes running requests and exits with 0, a second one stops at once with 1;
    SIGHUP reads the rule file anew and reopens the log. Exit status 2 for a rule file with
    errors, 1 when there is another reason not to start.
    """
    checked = _checked(rules)
    sys.stderr.write(render([checked], Format.TEXT, colour=sys.stderr.isatty()))
    if checked.file is None:
        raise typer.Exit(BAD_RULES)
    # Only here: the other commands start faster without the data path.
    from sidecar.app import CannotStart, run  # noqa: PLC0415

    settings = Settings(rules, state_dir, loop, take_over, drain)
    try:
        status = run(settings, checked)
    except (CannotStart, OSError) as error:
        sys.stderr.write(f"sidecar: {error}\n")
        raise typer.Exit(1) from error
    raise typer.Exit(status)


@app.command(
    "schema",
    epilog="Example: [bold]sidecar schema > rules/rules.schema.json[/bold]",
)
def schema_command() -> None:
    """Print the JSON Schema of a rule file, for editors.

    An editor uses it for a file that begins with
    # yaml-language-server: $schema=./rules.schema.json
    """
    sys.stdout.write(json_schema())


def _checked(path: Path) -> Checked:
    if str(path) == "-":
        return check(sys.stdin.buffer.read(FILE_BYTES_AT_MOST + 1), "<stdin>")
    try:
        with path.open("rb") as file:
            # One byte more than may be: too large is then said as such.
            text = file.read(FILE_BYTES_AT_MOST + 1)
    except OSError as error:
        problem = finding("no-file", f"cannot be read: {error.strerror}", str(path), Span(1, 1))
        return Checked(None, (problem,), Document(str(path), (), None, (problem,)))
    return check(text, str(path))


def _summary(checked: Checked) -> str:
    name = checked.document.name
    counts = [
        sum(one.severity is severity for one in checked.diagnostics)
        for severity in (Severity.ERROR, Severity.WARNING)
    ]
    errors, warnings = counts
    said = f"{errors} error{'s' * (errors != 1)}" if errors else ""
    also = f"{warnings} warning{'s' * (warnings != 1)}" if warnings else ""
    listed = ", ".join(part for part in (said, also) if part)
    if checked.file is None:
        return f"{name}: {listed}\n"
    routes = len(checked.file.routes)
    rules = sum(len(getattr(checked.file, kind)) for kind in RULE_KINDS)
    ok = f"ok: {routes} route{'s' * (routes != 1)}, {rules} rule{'s' * (rules != 1)}"
    return f"{name}: {ok}{', ' + listed if listed else ''}\n"
