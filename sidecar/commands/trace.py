"""``sidecar trace``: one trace, drawn."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console

from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands.examples import examples
from sidecar.commands.options import (
    ServiceOption,
    SocketOption,
    TokenOption,
    UrlOption,
    complete_traces,
)
from sidecar.commands.reaching import Reach
from sidecar.commands.trace_line import room
from sidecar.commands.trace_store import (
    ApiKeyOption,
    CaOption,
    ElasticsearchOption,
    FilesOption,
    PasswordOption,
    Place,
    UserOption,
    ended,
    opened,
    reading,
)
from sidecar.commands.waterfall import ASCII, UNICODE, waterfall
from sidecar.traces.jaeger import Answer, jaeger_trace
from sidecar.traces.remarks import kept_for, remarks
from sidecar.traces.trace import (
    ID_AT_LEAST,
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Store,
    Trace,
)
from sidecar.traces.tree import forest

EXAMPLES = examples(
    "sidecar trace 4bf92f3577b34da6a3ce929d0e0e4736",
    "sidecar trace 00f067aa --files /var/log/sidecar",
    "sidecar trace 4bf92f35 --elasticsearch http://127.0.0.1:9200 --format jaeger",
)
#: Where the output is no terminal.
_WIDTH: Final = 120


class Form(StrEnum):
    """How a trace is written."""

    TEXT = "text"
    JSON = "json"
    JAEGER = "jaeger"


def trace_command(  # noqa: PLR0913 - each an option of its own
    identity: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A trace's id or a decision's, or as much of it as tells it from others.",
            autocompletion=complete_traces,
        ),
    ],
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="A picture, all that is known, or the file that Jaeger and Grafana import.",
            case_sensitive=False,
        ),
    ] = Form.TEXT,
    *,
    plain: Annotated[
        bool, typer.Option("--plain", help="No colours, and nothing but ASCII to draw with.")
    ] = False,
    elasticsearch: ElasticsearchOption = [],  # noqa: B006 - typer copies it
    api_key: ApiKeyOption = "",
    user: UserOption = "",
    password: PasswordOption = "",
    ca: CaOption = "",
    files: FilesOption = "",
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Draw a trace: every span a line, in its place and as long as it took.

    It is read from the memory of the sidecars that run here, unless a place is named where
    traces are kept. Exit status 0 when it is there, 1 when it is not, 2 for what is no id.
    """
    place = Place(
        elasticsearch=tuple(elasticsearch), api_key=api_key, user=user, password=password, ca=ca,
        files=files,
    )  # fmt: skip
    beginning = _digits(identity)
    with reading():
        trace = _found(opened(place, Reach(socket, url, token, service)), beginning, place)
    _write(trace, form, plain=plain)


def _digits(identity: str) -> str:
    digits = identity.strip().lower()
    if not (set(digits) <= set("0123456789abcdef") and digits):
        ended(f"'{identity}' is no id: write hexadecimal digits", BAD_USAGE)
    if len(digits) < ID_AT_LEAST:
        ended(f"'{identity}' is too short: write {ID_AT_LEAST} digits of it at least", BAD_USAGE)
    if len(digits) > TRACE_ID_DIGITS:
        ended(f"'{identity}' is too long: an id has {TRACE_ID_DIGITS} digits at most", BAD_USAGE)
    return digits


def _found(store: Store, beginning: str, place: Place) -> Trace:
    """The trace that is meant; ends the command when that is none, or not plain."""
    if len(beginning) == TRACE_ID_DIGITS:
        ids = [beginning]
    else:
        ids = store.named(beginning)
        if len(beginning) == SPAN_ID_DIGITS:
            # The ids of some have half of the digits.
            ids = ids or [beginning.rjust(TRACE_ID_DIGITS, "0")]
    if len(ids) > 1:
        listed = "".join(f"\n  {one}" for one in ids)
        ended(f"{beginning} may be one of several: write more of it{listed}", BAD_USAGE)
    trace = store.trace(ids[0]) if ids else None
    if trace is None:
        ended(f"no trace {beginning} is {_where(place)}", FAILED)
    return trace


def _where(place: Place) -> str:
    if place.files:
        return f"in the files below {place.files}"
    if place.elasticsearch:
        return "in Elasticsearch: it was not kept, has not arrived yet, or is older than what is"
    return "remembered by a sidecar that runs here: the last of each are; where are traces kept?"


def _write(trace: Trace, form: Form, *, plain: bool) -> None:
    if form is Form.JSON:
        _dump(as_told(trace))
    elif form is Form.JAEGER:
        _dump(Answer([jaeger_trace(trace)], 1))
    else:
        console = Console(
            highlight=False, soft_wrap=True, no_color=plain or None, color_system=None if plain
            else "auto",
        )  # fmt: skip
        strokes = ASCII if plain or console.options.ascii_only else UNICODE
        drawn = waterfall(trace, room(console, _WIDTH), strokes)
        console.print(drawn.plain if plain else drawn, markup=False)


def as_told(trace: Trace) -> dict[str, object]:
    """All that is known of a trace, spans in the order of the picture."""
    nodes = forest(trace.spans)
    spans = [
        {"depth": node.depth, **msgspec.to_builtins(node.span),
         "odd": [one.value for one in node.odd]}
        for node in nodes
    ]  # fmt: skip
    return {
        "trace_id": trace.trace_id,
        "kept": kept_for(trace),
        "remarks": remarks(trace, nodes),
        "spans": spans,
    }


def _dump(told: object) -> None:
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
