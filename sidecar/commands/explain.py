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
from sidecar.commands.decision import explain_decision
from sidecar.commands.examples import examples
from sidecar.commands.options import JsonOption, ServiceOption, SocketOption, TokenOption, UrlOption
from sidecar.commands.reaching import Reach
from sidecar.commands.rule_text import checked, compiled_offline
from sidecar.offline.explain import Explanation, explain
from sidecar.offline.explained import as_data, as_text
from sidecar.offline.question import NoSuchRequest, Question
from sidecar.ruleset.keys import compile_keys
from sidecar.ruleset.rendering import Format, render

EXAMPLES = examples(
    "sidecar explain shop.rules.yaml --request 'GET /orders'",
    "sidecar explain shop.rules.yaml --request 'POST /orders' --header 'x-user-id: 42' --times 11",
    "sidecar explain shop.rules.yaml --request /admin --client 203.0.113.7 --json",
    "sidecar explain 9422b87f8f33d34c",
)
_DECISION: Final = re.compile(r"[0-9a-f]{6,16}")
_TIMES_AT_MOST: Final = 100_000


def explain_command(  # noqa: PLR0913 - each an option of its own
    rules: Annotated[
        Path, typer.Argument(help="A rule file; or the id of a decision of a running sidecar.")
    ],
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
    as_json: JsonOption = False,
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Say what each rule makes of a request: its verdict, its numbers and its line.

    With a rule file nothing is sent: rules are asked as if a sidecar had just started with it.
    With the id that a client was given (x-sidecar-decision), a running sidecar says what was
    decided. Exit status 0 when the request was explained, 1 when no sidecar was reached, 2 when
    the request, the file or the id cannot be read.
    """
    if _DECISION.fullmatch(str(rules).lower()) and not rules.exists():
        reach = Reach(socket, url, token, service)
        explain_decision(reach, str(rules).lower(), as_json=as_json)
        return
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
