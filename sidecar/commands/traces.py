"""``sidecar traces``: the last traces, and all of them for Grafana."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Annotated, Final

import typer
from rich.console import Console

from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands.examples import examples
from sidecar.commands.held import as_text
from sidecar.commands.options import (
    JsonOption,
    ServiceOption,
    SocketOption,
    TokenOption,
    UrlOption,
)
from sidecar.commands.reaching import Reach
from sidecar.commands.trace_line import listed, room, trace_line
from sidecar.commands.trace_store import (
    LOOKBACK,
    ApiKeyOption,
    BadPlace,
    CaOption,
    ElasticsearchOption,
    FilesOption,
    LookbackOption,
    PasswordOption,
    Place,
    UserOption,
    ended,
    opened,
    reading,
)
from sidecar.proxy.sockets import CannotListen, listen_tcp
from sidecar.traces.asked import Misasked, duration_of
from sidecar.traces.trace import Store, Wanted

traces_app = typer.Typer(
    name="traces",
    help="The last traces, and all of them for Grafana.",
    no_args_is_help=True,
    add_completion=False,
)
_LIST_EXAMPLES = examples(
    "sidecar traces list",
    "sidecar traces list --tag error=true --longer 200ms",
    "sidecar traces list --elasticsearch http://127.0.0.1:9200 --of order --since 6h",
)
_SERVE_EXAMPLES = examples(
    "sidecar traces serve --elasticsearch http://127.0.0.1:9200",
    "sidecar traces serve --files /var/log/sidecar --bind 127.0.0.1:16686",
)
_AT_MOST: Final = 200
_WIDTH: Final = 160


@traces_app.command("list", epilog=_LIST_EXAMPLES)
def list_command(  # noqa: PLR0913 - each an option of its own
    *,
    of: Annotated[str, typer.Option("--of", metavar="SERVICE", help="With a span of it.")] = "",
    operation: Annotated[str, typer.Option(help="With a span of that name.")] = "",
    tag: Annotated[
        list[str],
        typer.Option(metavar="NAME=VALUE", help="With a span that has it; error=true: failed."),
    ] = [],  # noqa: B006 - typer copies it
    longer: Annotated[
        str, typer.Option(metavar="DURATION", help="With a span that took so long: 200ms.")
    ] = "",
    since: Annotated[str, typer.Option(metavar="DURATION", help="How far back.")] = "1h",
    count: Annotated[int, typer.Option("--count", min=1, max=_AT_MOST, help="How many.")] = 20,
    as_json: JsonOption = False,
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
    """Show the last traces, one a line, the latest first. What is asked for is true of one span.

    They are those that the sidecars here have in memory, unless a place is named where traces
    are kept. Exit status 0, also when there is none.
    """
    place = Place(
        elasticsearch=tuple(elasticsearch), api_key=api_key, user=user, password=password, ca=ca,
        files=files,
    )  # fmt: skip
    now = time.time_ns()
    with reading():
        wanted = Wanted(
            service=of, operation=operation, tags=_tags(tag), limit=count, end=now,
            start=now - _lasting(since, "--since"),
            shortest=_lasting(longer, "--longer") if longer else 0,
        )  # fmt: skip
        store = opened(place, Reach(socket, url, token, service))
        _show(store, wanted, as_json=as_json)


def _show(store: Store, wanted: Wanted, *, as_json: bool) -> None:
    found = [listed(trace) for trace in store.search(wanted)]
    found.sort(key=lambda one: one.start, reverse=True)
    if as_json:
        sys.stdout.write(as_text(found) + "\n")
        return
    console = Console(highlight=False, soft_wrap=True)
    for one in found:
        console.print(trace_line(one, room(console, _WIDTH)))
    if not found:
        typer.echo("sidecar: there is none", err=True)


def _tags(tags: list[str]) -> dict[str, str]:
    parted = [one.partition("=") for one in tags]
    if wrong := next((one for one in parted if not (one[0] and one[1])), None):
        raise BadPlace(f"--tag {''.join(wrong)}: write NAME=VALUE")
    return {name: value for name, _, value in parted}


def _lasting(text: str, name: str) -> int:
    try:
        return duration_of(text, name)
    except Misasked as error:
        raise BadPlace(str(error)) from error


@traces_app.command("serve", epilog=_SERVE_EXAMPLES)
def serve_command(  # noqa: PLR0913 - each an option of its own
    *,
    bind: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; whoever reaches it may read.")
    ] = "127.0.0.1:16686",
    elasticsearch: ElasticsearchOption = [],  # noqa: B006 - typer copies it
    api_key: ApiKeyOption = "",
    user: UserOption = "",
    password: PasswordOption = "",
    ca: CaOption = "",
    lookback: LookbackOption = LOOKBACK,
    files: FilesOption = "",
    socket: SocketOption = "",
    url: UrlOption = "",
    token: TokenOption = "",
    service: ServiceOption = "",
) -> None:
    """Answer Grafana's Jaeger data source, until Ctrl-C. Nothing is written anywhere.

    The traces are those in Elasticsearch or in files, or in the memory of the sidecars that
    run here when neither is named. Exit status 0 at its end, 1 when it cannot listen.
    """
    place = Place(
        elasticsearch=tuple(elasticsearch), api_key=api_key, user=user, password=password, ca=ca,
        lookback=lookback, files=files,
    )  # fmt: skip
    host, port = _address(bind)
    with reading():
        store = opened(place, Reach(socket, url, token, service))
        try:
            asyncio.run(_serve(store, host, port))
        except CannotListen as error:
            ended(str(error), FAILED)


async def _serve(store: Store, host: str, port: int) -> None:
    # aiohttp takes its time to be imported: other commands need not wait for it.
    from sidecar.admin.server import AdminServer  # noqa: PLC0415
    from sidecar.traces.server import make_server  # noqa: PLC0415

    sock = listen_tcp(host, port)
    server = await AdminServer.start(make_server(store), sock)
    bound = sock.getsockname()
    name = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    typer.echo(f"sidecar: Grafana's Jaeger data source is answered at http://{name}:{bound[1]}")
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, told.set)
    await told.wait()
    await server.close()


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port[:6]) < 65536):
        ended(f"--bind {bind} is no address: write one such as 127.0.0.1:16686", BAD_USAGE)
    return host.removeprefix("[").removesuffix("]"), int(port)
