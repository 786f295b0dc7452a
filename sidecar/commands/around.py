"""How a command line is told apart from the command after its ``--``."""

from __future__ import annotations

from typing import Any, Final

import typer
from typer.core import TyperCommand

_META: Final = "sidecar.around"
_END_OF_OPTIONS: Final = "--"


class Around(TyperCommand):
    """A command that takes another one, whatever options that has, after ``--``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep what follows the first ``--``, and read the rest as usual."""
        if _END_OF_OPTIONS in args:
            place = args.index(_END_OF_OPTIONS)
            ctx.meta[_META] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Say that there may be more."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def command_after(ctx: typer.Context) -> tuple[str, ...] | None:
    """What stood after ``--``; None when there was none."""
    command: tuple[str, ...] | None = ctx.meta.get(_META)
    return command
