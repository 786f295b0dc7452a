"""``sidecar explain``: says what every rule makes of a request, and why."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from sidecar.commands import BAD_USAGE
from sidecar.commands.examples import examples
from sidecar.commands.rule_text import checked, compiled_offline
from sidecar.offline.explain import Explanation, explain
from sidecar.offline.explained import as_data, as_text
from sidecar.offline.question import NoSuchRequest, Question
from sidecar.ruleset.diagnostics import Severity
from sidecar.ruleset.keys import compile_keys
from sidecar.ruleset.rendering import Format, render

EXAMPLES = examples(
    "sidecar explain shop.rules.yaml --request 'GET /orders'",
    "sidecar explain shop.rules.yaml --request 'POST /orders' --header 'x-user-id: 42' --times 11",
    "sidecar explain shop.rules.yaml --request /admin --client 203.0.113.7 --json",
)
_DECISION: Final = re.compile(r"[0-9a-f]{16}")
_TIMES_AT_MOST: Final = 100_000


def explain_command(
    rules: Annotated[Path, typer.Argument(help="A rule file.")],
    *,
    request: Annotated[
        str, typer.Option("--request", help="The request line: 'GET /orders?page=2'.")
    ] = "GET /",
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="A header field, 'name: value'.")
    ] = None,
    client: Annotated[
        str, typer.Option(help="The address that it comes from, or unix.")
    ] = "192.0.2.1",
    times: Annotated[
        int,
        typer.Option(
            min=1, max=_TIMES_AT_MOST, help="Explain the last of so many that come at once."
        ),
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say what each rule makes of a request: its verdict, its numbers and its line.

    Nothing is sent: rules are asked as if a sidecar had just started with the file.
    Exit status 0 when the request was explained, 2 when it or the file cannot be read.
    """
    question = Question(request, tuple(header or ()), client)
    explained = _explained(rules, question, times)
    if as_json:
        typer.echo(json.dumps(as_data(explained), indent=2, ensure_ascii=False))
    else:
        # Lines are not wrapped: each rule is one.
        Console(highlight=False, soft_wrap=True).print(as_text(explained))


def _explained(path: Path, question: Question, times: int) -> Explanation:
    good = checked(path)
    if good.file is None:
        errors = [one for one in good.diagnostics if one.severity is Severity.ERROR]
        if errors[0].code == "no-file" and _DECISION.fullmatch(str(path)):
            typer.echo(f"sidecar: no running sidecar knows the decision {path}", err=True)
        else:
            sys.stderr.write(render([good], Format.TEXT, colour=sys.stderr.isatty()))
        raise typer.Exit(BAD_USAGE)
    rules = compiled_offline(good, path)
    try:
        return explain(
            good.file, rules, compile_keys(good.file, rules.tokens), question, number=times
        )
    except NoSuchRequest as error:
        typer.echo(f"sidecar: {error}", err=True)
        raise typer.Exit(BAD_USAGE) from error
