"""Who is believed: tokens of an issuer that is really there, and callers by certificate."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.integration import scripted
from tests.integration.certificates import Authority
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer, Connection, ask
from tests.integration.rule_text import rules
from tests.policies.issuing import AUDIENCE, ISSUER, Issuer
from tests.servers.ports import Address
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

MINUTE = 60.0


async def tells_its_head(
    head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Answers any request with the head that arrived."""
    writer.write(scripted.answer(head))
    return True


@pytest.fixture
async def app() -> AsyncIterator[Address]:
    async with scripted.upstream(tells_its_head) as address:
        yield address


class Published:
    """An issuer's server."""

    def __init__(self) -> None:
        self.issuer = Issuer()
        self.asked = 0
        self.answer: Any = None
        self.url = ""

    async def keys(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.answer is not None:
            return web.Response(**self.answer)
        return web.Response(body=self.issuer.key_set(), content_type="application/json")

    async def elsewhere(self, _: web.Request) -> web.Response:
        """Keys that nobody asked for."""
        return web.Response(body=Issuer().key_set(), content_type="application/json")


@pytest.fixture
async def published() -> AsyncIterator[Published]:
    server = Published()
    application = web.Application()
    application.router.add_get("/keys", server.keys)
    application.router.add_get("/elsewhere", server.elsewhere)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/keys"
    yield server
    await runner.cleanup()


def jwt_rules(app: Address, **jwks: str) -> str:
    access = {"name": "acme", "match": {"path": "/acme"}, "allow": {"tenant": "acme"}}
    return rules(
        app,
        trust={"jwt": {"issuer": ISSUER, "audience": AUDIENCE, "jwks": jwks, "leeway": "1s"}},
        keys={"tenant": {"from": "jwt", "claim": "tenant"}},
        access=[access],
    )


async def shown(sidecar: SidecarProcess, token: str | None, target: str = "/") -> Answer:
    fields = [("Authorization", f"Bearer {token}")] if token is not None else []
    return await ask(sidecar.address, target, fields=fields)


async def status(sidecar: SidecarProcess, token: str | None, target: str = "/") -> int:
    return (await shown(sidecar, token, target)).status


def soon(seconds: float = MINUTE) -> float:
    return time.time() + seconds


@both_loops
async def test_tokens_are_checked_with_keys_from_a_file_that_changes(
    sidecar_process: SidecarStarter, app: Address, tmp_path: Path, loop: Loop
) -> None:
    issuer, following = Issuer(), Issuer()
    keys = tmp_path / "jwks.json"
    keys.write_bytes(issuer.key_set())
    sidecar = sidecar_process(jwt_rules(app, file=str(keys)), loop=loop)
    good = issuer.token(exp=soon())

    assert [await status(sidecar, token) for token in (good, None)] == [200, 200]
    assert [await status(sidecar, token, "/acme") for token in (good, None)] == [200, 403]
    assert await status(sidecar, issuer.token(exp=soon(), tenant="other"), "/acme") == 403
    for bad in (
        issuer.token(exp=soon(-MINUTE)),
        issuer.token(exp=soon(), nbf=soon()),
        issuer.token(exp=soon(), aud="other"),
        following.token(exp=soon()),
        issuer.confused(),
        good[:-3],
    ):
        refused = await shown(sidecar, bad)
        assert refused.status == 401
        assert json.loads(refused.body)["reason"] == "invalid_token"
        assert refused.field("www-authenticate") == 'Bearer error="invalid_token"'
    assert b"uthorization: Bearer " in (await shown(sidecar, good)).body, "the service sees it too"

    keys.write_bytes(following.key_set())
    await eventually(lambda: metric(sidecar, "sidecar_rules_file_reloads_total") >= 1, "reloaded")
    assert [await status(sidecar, one.token(exp=soon())) for one in (issuer, following)] == [
        401,
        200,
    ]
    keys.write_bytes(b"{")
    await eventually(lambda: metric(sidecar, "sidecar_rules_files_refused") == 1, "it is counted")
    assert await status(sidecar, following.token(exp=soon())) == 200
    assert good not in sidecar.log


async def test_a_token_ends_on_a_connection_that_stays(
    sidecar_process: SidecarStarter, app: Address, tmp_path: Path
) -> None:
    issuer = Issuer()
    keys = tmp_path / "jwks.json"
    keys.write_bytes(issuer.key_set())
    sidecar = sidecar_process(jwt_rules(app, file=str(keys)))
    token = issuer.token(exp=soon(1.0))
    async with await Connection.open(sidecar.address) as connection:

        async def asked() -> int:
            fields = [("Authorization", f"Bearer {token}")]
            return (await connection.ask(fields=fields)).status

        async def has_ended() -> bool:
            return await asked() == 401

        assert await asked() == 200
        await eventually(has_ended, "the token ends")


@both_loops
async def test_keys_are_fetched_kept_and_fetched_again(
    sidecar_process: SidecarStarter, app: Address, published: Published, loop: Loop
) -> None:
    start = asyncio.to_thread(
        sidecar_process, jwt_rules(app, url=published.url, refresh="1s"), loop=loop
    )
    sidecar = await start
    old = published.issuer.token(exp=soon())
    assert await status(sidecar, old) == 200, "fetched before the first request"

    # The server is away, and then answers with something else.
    for answer in (
        {"status": 500},
        {"text": "<html>"},
        {"status": 302, "headers": {"Location": "/elsewhere"}},
    ):
        published.answer = answer
        before = published.asked
        await eventually(lambda since=before: published.asked > since, "asked again")
        assert await status(sidecar, published.issuer.token(exp=soon())) == 200
    await eventually(lambda: "sidecar.file" in sidecar.log, "it is told")

    published.answer, published.issuer = None, Issuer()
    new = published.issuer.token(exp=soon())

    async def is_believed() -> bool:
        return await status(sidecar, new) == 200

    await eventually(is_believed, "the new keys are there")
    assert await status(sidecar, old) == 401


async def test_without_any_keys_tokens_wait_and_others_do_not(
    sidecar_process: SidecarStarter, app: Address, published: Published
) -> None:
    published.answer = {"status": 503}
    sidecar = await asyncio.to_thread(sidecar_process, jwt_rules(app, url=published.url))
    refused = await shown(sidecar, published.issuer.token(exp=soon()))
    assert (refused.status, json.loads(refused.body)["reason"]) == (503, "token_keys_missing")
    assert refused.field("retry-after") == "1"
    assert await status(sidecar, None) == 200
    published.answer = None

    async def is_believed() -> bool:
        return await status(sidecar, published.issuer.token(exp=soon())) == 200

    await eventually(is_believed, "the keys are there")


@both_loops
async def test_callers_are_believed_by_their_certificates(
    sidecar_process: SidecarStarter, app: Address, tmp_path: Path, loop: Loop
) -> None:
    authority = Authority(tmp_path / "authority")
    own = authority.issue("server")
    web_shop = authority.issue("web", hosts=("web.shop.example",))
    checkout = authority.issue("checkout", hosts=("x.example",), uris=("spiffe://shop/checkout",))
    # Its common name is that of a caller; nobody looks at it.
    mallory = authority.issue("web.shop.example", hosts=("mallory.example",))
    tls = {
        "cert": str(own.cert), "key": str(own.key),
        "client_ca": str(authority.ca), "client_certificate": "request",
    }  # fmt: skip
    callers = [{"certificate": "Web.shop.example"}, {"certificate": "spiffe://shop/*"}]
    text = rules(
        app,
        inbound={"tls": tls},
        trust={"callers": callers},
        keys={"user": {"from": "header", "name": "x-user"}},
        access=[{"name": "users", "match": {"path": "/users"}, "allow": {"user": "*"}}],
    )
    sidecar = sidecar_process(text, loop=loop)
    for certificate, believed in (
        (web_shop, True),
        (checkout, True),
        (mallory, False),
        (None, False),
    ):
        context = authority.client(certificate)
        heard = await ask(sidecar.address, "/", fields=[("X-User", "ann")], tls=context)
        assert (b"X-User: ann" in heard.body) is believed
        answer = await ask(sidecar.address, "/users", fields=[("X-User", "ann")], tls=context)
        assert answer.status == (200 if believed else 403)

    # Another rule file sees the same connection with other eyes.
    async with await Connection.open(sidecar.address, tls=authority.client(mallory)) as connection:
        assert (await connection.ask("/users", fields=[("X-User", "ann")])).status == 403
        sidecar.write_rules(text.replace("Web.shop.example", "mallory.example"))

        async def is_believed() -> bool:
            return (await connection.ask("/users", fields=[("X-User", "ann")])).status == 200

        await eventually(is_believed, "it is a caller now")
