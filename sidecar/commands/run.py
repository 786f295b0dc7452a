"""``sidecar run``: serves, governed by a rule file."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands.around import Around, command_after
from sidecar.commands.examples import examples
from sidecar.commands.rule_text import checked
from sidecar.ruleset.rendering import Format, render
from sidecar.settings import CannotStart, LoopKind, Settings

EXAMPLES = examples(
    "sidecar run rules/hello.rules.yaml",
    "sidecar run rules/hello.rules.yaml --take-over",
    "sidecar run rules/hello.rules.yaml -- python app.py",
)

run_app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@run_app.command("run", cls=Around, epilog=EXAMPLES)
def run_command(  # noqa: PLR0913 - an option is a parameter
    ctx: typer.Context,
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
    stop_after: Annotated[
        float,
        typer.Option(
            "--stop-after",
            envvar="SIDECAR_STOP_AFTER",
            min=0.0,
            metavar="SECONDS",
            help="How long COMMAND may take to end before it is killed.",
        ),
    ] = 10.0,
) -> None:
    """Serve, governed by a rule file, which may change while this runs.

    With -- COMMAND (or SIDECAR_COMMAND) around a service: it is started, learns from PORT,
    HTTP_PROXY and NAME_URL where to listen and to call, gets requests once it answers, and is told
    to end once they are finished. The exit status is then that of COMMAND.

    SIGTERM finishes running requests and exits with 0, a second one stops at once with 1;
    SIGHUP reads the rule file anew and reopens the log. Exit status 2 for a rule file with
    errors, 1 when there is another reason not to start.
    """
    command = command_after(ctx)
    if command is None:
        command = _command_told(ctx)
    elif not command:
        raise typer.BadParameter("no command stands after --", ctx=ctx)
    if command and take_over:
        message = "--take-over cannot be used with a command: the service of the sidecar before "
        message += "this one ends with it. Start the service by itself, and a sidecar beside it."
        raise typer.BadParameter(message, ctx=ctx)
    file = checked(rules)
    sys.stderr.write(render([file], Format.TEXT, colour=sys.stderr.isatty()))
    if file.file is None:
        raise typer.Exit(BAD_USAGE)
    # Only here: the other commands start faster without the data path.
    from sidecar.app import run  # noqa: PLC0415

    settings = Settings(rules, state_dir, loop, take_over, drain, command, stop_after)
    try:
        status = run(settings, file)
    except (CannotStart, OSError) as error:
        sys.stderr.write(f"sidecar: {error}\n")
        raise typer.Exit(getattr(error, "status", FAILED)) from error
    raise typer.Exit(status)


def _command_told(ctx: typer.Context) -> tuple[str, ...]:
    text = os.environ.get("SIDECAR_COMMAND", "")
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        message = f"SIDECAR_COMMAND cannot be read: {str(error).lower()} in {text}"
        raise typer.BadParameter(message, ctx=ctx) from error
