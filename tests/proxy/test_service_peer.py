"""What the service itself sends: where it goes, what is believed, what goes on to the upstream."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence

import pytest

from sidecar.ruleset.routes import RuleSet
from tests.proxy.client import until
from tests.proxy.harness import Proxy, Recorder, proxy, upstream
from tests.proxy.recorder import Heard
from tests.ruleset.compiled import compiled

HOPS = {b"via", b"x-request-id", b"traceparent", b"x-sidecar-trace"}


def calls(port: int, *, others: str = "refuse", dead: int = 1) -> RuleSet:
    """Rules of a service that calls an inventory on ``port``."""
    return compiled(f"""\
format: sidecar/v1
service: shop
listeners:
  inbound: {{bind: 127.0.0.1:8080}}
  outbound: {{bind: 127.0.0.1:15001, others: {others}}}
upstreams:
  app: {{url: http://127.0.0.1:{dead}}}
  inventory:
    url: http://127.0.0.1:{port}
    hosts: [stock.shop.svc]
    local: 127.0.0.1:15011
keys: {{user: {{from: header, name: x-user, default: nobody}}}}
access: [{{name: eve, upstream: inventory, deny: {{user: eve}}}}]
""")


def ask(target: str, *lines: str, method: str = "GET", host: str | None = "inventory") -> bytes:
    named = [] if host is None else [f"Host: {host}"]
    head = [f"{method} {target} HTTP/1.1", *named, *lines, "Connection: close", "", ""]
    return "\r\n".join(head).encode()


@contextlib.asynccontextmanager
async def calling(
    *, door: str = "outbound", others: str = "refuse"
) -> AsyncIterator[tuple[Proxy, Recorder, int]]:
    """An outbound listener before an inventory that notes what it hears, and its port."""
    recorder = Recorder()
    async with (
        upstream(recorder) as port,
        proxy(calls(port, others=others), door=door) as running,
    ):
        yield running, recorder, port


async def heard(request: bytes, *, door: str = "outbound") -> Heard:
    """What the inventory hears of a request that must reach it."""
    async with calling(door=door) as (running, recorder, _):
        answer = await running.ask(request)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        await recorder.all_heard(running)
    (one,) = recorder.whole
    return one


def said(one: Heard, leaving_out: Sequence[bytes] = ()) -> list[tuple[bytes, bytes]]:
    """The fields that a request came with, without those that every hop writes."""
    return [field for field in one.headers if field[0].lower() not in {*HOPS, *leaving_out}]


@pytest.mark.parametrize(
    "request_bytes, host, target",
    [
        (ask("/items?x=1"), b"inventory", b"/items?x=1"),
        (ask("/", host="INVENTORY:8080"), b"INVENTORY:8080", b"/"),
        (ask("/", host="stock.shop.svc."), b"stock.shop.svc.", b"/"),
        (ask("http://inventory/items?x=1"), b"inventory", b"/items?x=1"),
        (ask("http://Stock.shop.svc:80/", host="elsewhere"), b"Stock.shop.svc:80", b"/"),
        (ask("HTTP://inventory", host="inventory"), b"inventory", b"/"),
        (ask("https://inventory/a", host="inventory"), b"inventory", b"/a"),
    ],
)
async def test_a_host_names_its_upstream_and_goes_on_as_it_was_written(
    request_bytes: bytes, host: bytes, target: bytes
) -> None:
    one = await heard(request_bytes)
    assert (one.get("host"), one.target) == (host, target)


@pytest.mark.parametrize(
    "written, told",
    [("127.0.0.1:15011", None), ("localhost", None), ("elsewhere", None),
     ("inventory", b"inventory"),
     ("stock.shop.svc:80", b"stock.shop.svc:80"), (None, None)],
)  # fmt: skip
async def test_at_a_local_port_the_host_may_be_anything(
    written: str | None, told: bytes | None
) -> None:
    request = ask("/items", host=written)
    if written is None:
        request = b"GET /items HTTP/1.0\r\n\r\n"
    async with calling(door="local/inventory") as (running, recorder, port):
        assert (await running.ask(request)).startswith(b"HTTP/1.1 200 ")
        await recorder.all_heard(running)
    (one,) = recorder.whole
    assert one.get("host") == (told or b"127.0.0.1:%d" % port)


async def test_nothing_is_added_that_tells_where_the_call_comes_from() -> None:
    one = await heard(ask("/", "x-plan: gold"))
    assert {name.lower() for name in one.names} == HOPS | {b"host", b"x-plan"}
    via = one.get("via") or b""
    assert b"shop" not in via
    assert b"127.0.0.1" not in via


@pytest.mark.parametrize(
    "lines",
    [
        ("X-Forwarded-For: 192.0.2.7, 10.0.0.1",),
        ("X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example"),
        ("Forwarded: for=192.0.2.7;proto=https",),
        ("X-Forwarded-Prefix: /shop", "x-user: ann"),
        ("x-request-deadline: 250ms", "x-priority: high"),
    ],
)
async def test_what_the_service_says_of_its_clients_goes_on(lines: tuple[str, ...]) -> None:
    one = await heard(ask("/", *lines))
    expected = [tuple(line.lower().encode().split(b": ", 1)) for line in lines]
    assert sorted((name.lower(), value) for name, value in said(one, [b"host"])) == sorted(expected)


async def test_a_trace_goes_on() -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    one = await heard(ask("/", f"traceparent: 00-{trace}-b7ad6b7169203331-01", "x-request-id: r-1"))
    parent = (one.get("traceparent") or b"").split(b"-")
    assert parent[1] == trace.encode()
    assert parent[2] != b"b7ad6b7169203331"
    assert one.get("x-request-id") == b"r-1"


async def test_rules_of_the_upstream_hold_and_the_service_is_believed() -> None:
    async with calling() as (running, _, _port):
        assert (await running.ask(ask("/", "x-user: ann"))).startswith(b"HTTP/1.1 200 ")
        assert (await running.ask(ask("/", "x-user: eve"))).startswith(b"HTTP/1.1 403 ")
        ann, eve = running.records
    assert (ann.listener, ann.upstream, ann.status) == ("outbound", "inventory", 200)
    assert (eve.listener, eve.rule, eve.status) == ("outbound", "access/eve", 403)


@pytest.mark.parametrize("host", ["elsewhere", "inventory.elsewhere", "10.0.0.1:80"])
async def test_a_host_that_is_no_upstream_s_is_refused_by_name(host: str) -> None:
    async with calling() as (running, recorder, _):
        client = await running.connect()
        await client.send(ask("/a", host=host).replace(b"Connection: close\r\n", b""))
        answer = await client.answer()
        assert answer.status == 421
        assert b'"reason":"misdirected"' in answer.body
        assert f"'{host}'".encode() in answer.body
        assert not answer.closes
        await client.send(ask("/b"))
        assert (await client.answer()).status == 200
        await recorder.all_heard(running)
        refused, _ = running.records
    assert (refused.status, refused.reason, refused.host) == (421, "misdirected", host.encode())
    assert [one.target for one in recorder.whole] == [b"/b"]


async def test_or_let_through_with_no_name_in_metrics() -> None:
    async with calling(others="pass") as (running, recorder, port):
        for target in (f"http://localhost:{port}/a", f"http://LOCALHOST:{port}/b"):
            answer = await running.ask(ask(target, "x-user: eve", host="x"))
            assert answer.startswith(b"HTTP/1.1 200 "), answer
        (meters,) = [one for one in running.engine.meters.clients.values() if one.connects_total]
        assert (meters.cluster, meters.endpoint) == ("other", "other")
        # The second request took the connection of the first.
        assert meters.connects_total == 1
        running.look(0)
        assert meters.connections_open == 1
        running.look(61)
        assert meters.connections_open == 0
        await recorder.all_heard(running)
    assert [one.target for one in recorder.whole] == [b"/a", b"/b"]


async def test_a_host_that_is_not_there_is_an_ordinary_failure() -> None:
    async with calling(others="pass") as (running, _, _port):
        with socket.create_server(("127.0.0.1", 0)) as server:
            gone = server.getsockname()[1]
        answer = await running.ask(ask("/", host=f"127.0.0.1:{gone}"))
        assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("host", ["127.0.0.1:15001", "localhost:8080", "[::1]:15011"])
async def test_other_hosts_are_never_the_sidecar(host: str) -> None:
    async with calling(others="pass") as (running, _, _port):
        assert (await running.ask(ask("/", host=host))).startswith(b"HTTP/1.1 421 ")


async def test_what_comes_back_by_another_name_goes_round_once_only() -> None:
    async with calling(others="pass") as (running, _, _port):
        # The port was chosen by the system, and so is none that the rules know.
        answer = await running.ask(ask("/", host=f"127.0.0.1:{running.port}"))
        assert answer.startswith(b"HTTP/1.1 508 ")


async def test_a_call_that_went_through_the_inbound_side_is_no_loop() -> None:
    async with calling() as (running, recorder, _):
        via = running.engine.pseudonym.decode()
        assert (await running.ask(ask("/", f"Via: 1.1 {via}"))).startswith(b"HTTP/1.1 200 ")
        await recorder.all_heard(running)
    (one,) = recorder.whole
    assert (one.get("via") or b"").startswith(f"1.1 {via}, 1.1 sidecar-".encode())


async def test_who_wants_a_tunnel_reads_what_to_do_instead() -> None:
    async with calling() as (running, _, _port):
        answer = await running.ask(ask("inventory:443", method="CONNECT", host="inventory:443"))
        assert answer.startswith(b"HTTP/1.1 405 ")
        assert b"HTTPS_PROXY" in answer


async def test_hosts_that_are_called_no_more_give_their_connections_back() -> None:
    async with calling(others="pass") as (running, recorder, port):
        await running.ask(ask("/", host=f"localhost:{port}"))
        strangers = running.engine.rules.strangers
        assert strangers is not None
        await until(lambda: recorder.open == 1)
        # A reload that lets nobody through any more.
        running.engine.install(calls(port))
        await until(lambda: not recorder.open)
        await asyncio.sleep(0)
        running.engine.reap()
        assert all(one.endpoint.name != "other" for one in running.engine.connectors())
