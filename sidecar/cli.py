"""The ``sidecar`` command."""

from __future__ import annotations

from typing import Annotated

import typer

from sidecar import __version__
from sidecar.commands import (
    alerts,
    breaker,
    check,
    diff,
    doctor,
    drain,
    explain,
    init,
    log_level,
    override,
    provision,
    run,
    schema,
    status,
    switch,
    tap,
    top,
    trace,
    traces,
)
from sidecar.commands.around import Around

app = typer.Typer(
    name="sidecar",
    help="A service-governance and observability sidecar: a proxy beside every service.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

_RUNNING = "A sidecar that runs"

# In the order of the help: what comes first is needed first.
app.command("init", epilog=init.EXAMPLES)(init.init_command)
app.command("check", epilog=check.EXAMPLES)(check.check_command)
app.command("run", cls=Around, epilog=run.EXAMPLES)(run.run_command)
app.command("explain", epilog=explain.EXAMPLES)(explain.explain_command)
app.command("diff", epilog=diff.EXAMPLES)(diff.diff_command)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor_command)
app.command("alerts", epilog=alerts.EXAMPLES)(alerts.alerts_command)
app.command("schema", epilog=schema.EXAMPLES)(schema.schema_command)
app.add_typer(provision.provision_app)

app.command("status", epilog=status.EXAMPLES, rich_help_panel=_RUNNING)(status.status_command)
app.command("top", epilog=top.EXAMPLES, rich_help_panel=_RUNNING)(top.top_command)
app.command("tap", epilog=tap.EXAMPLES, rich_help_panel=_RUNNING)(tap.tap_command)
app.command("trace", epilog=trace.EXAMPLES, rich_help_panel=_RUNNING)(trace.trace_command)
app.add_typer(traces.traces_app, rich_help_panel=_RUNNING)
app.command("override", epilog=override.EXAMPLES, rich_help_panel=_RUNNING)(
    override.override_command
)
app.command("switch", epilog=switch.EXAMPLES, rich_help_panel=_RUNNING)(switch.switch_command)
app.command("breaker", epilog=breaker.EXAMPLES, rich_help_panel=_RUNNING)(breaker.breaker_command)
app.command("drain", epilog=drain.EXAMPLES, rich_help_panel=_RUNNING)(drain.drain_command)
app.command("log-level", epilog=log_level.EXAMPLES, rich_help_panel=_RUNNING)(
    log_level.log_level_command
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
