"""The ``sidecar`` command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer
import typer.main
from typer.core import TyperGroup

from sidecar import __version__

#: Each is of the module of that name. In the order of the help: what comes first is needed first.
_BESIDE_A_FILE: Final = (
    "init",
    "check",
    "run",
    "explain",
    "diff",
    "doctor",
    "alerts",
    "schema",
    "provision",
)
_BESIDE_ONE_THAT_RUNS: Final = (
    "status",
    "top",
    "tap",
    "trace",
    "traces",
    "override",
    "switch",
    "breaker",
    "drain",
    "log-level",
)
_COMMANDS: Final = (*_BESIDE_A_FILE, *_BESIDE_ONE_THAT_RUNS)


class _OnDemand(Mapping[str, Any]):
    """Imports a command when it is asked for: one that serves carries no other's modules."""

    def __getitem__(self, name: str) -> Any:
        if name not in _COMMANDS:
            raise KeyError(name)
        command: Any = typer.main.get_command(_only(name))
        if name in _BESIDE_ONE_THAT_RUNS:
            command.rich_help_panel = "A sidecar that runs"
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class Commands(TyperGroup):
    """The commands of ``sidecar``, none of them imported so far."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # It is read only: typer adds none to it later.
        self.commands = _OnDemand()  # type: ignore[assignment] # not mutable

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names, in the order of the help."""
        return list(self.commands)


def _only(name: str) -> typer.Typer:
    """What typer makes this command of, or this group of some."""
    stem = name.replace("-", "_")
    module = import_module(f"sidecar.commands.{stem}")
    its_own: typer.Typer | None = getattr(module, f"{stem}_app", None)
    if its_own is not None:
        return its_own
    only = typer.Typer(add_completion=False, rich_markup_mode="rich")
    only.command(name, epilog=module.EXAMPLES)(getattr(module, f"{stem}_command"))
    return only


app = typer.Typer(
    name="sidecar",
    cls=Commands,
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
