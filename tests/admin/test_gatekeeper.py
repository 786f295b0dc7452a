from __future__ import annotations

import pytest

from tests.admin.running import Running, answering


@pytest.mark.parametrize(
    "authorization, status",
    [
        ("Bearer secret-1", 200),
        ("bearer secret-1", 200),
        ("Bearer  secret-1 ", 200),
        ("Bearer secret-", 401),
        ("Bearer secret-11", 401),
        ("Bearer SECRET-1", 401),
        ("Basic secret-1", 401),
        ("secret-1", 401),
        ("Bearer", 401),
        ("Bearer \xe9\xff", 401),
        ("", 401),
    ],
)
async def test_only_the_token_opens(running: Running, authorization: str, status: int) -> None:
    async with answering(running, lambda: "secret-1") as client:
        answer = await client.get("/version", headers={"Authorization": authorization})
        assert answer.status == status
        if status == 401:
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="sidecar"'
            assert answer.content_type == "application/problem+json"


async def test_a_token_that_is_empty_opens_nothing(running: Running) -> None:
    async with answering(running, lambda: "") as client:
        for authorization in ("Bearer ", "Bearer", ""):
            answer = await client.get("/version", headers={"Authorization": authorization})
            assert answer.status == 401


async def test_a_token_may_be_changed_while_it_runs(running: Running) -> None:
    tokens = ["old"]
    async with answering(running, lambda: tokens[-1]) as client:
        tokens.append("new")
        assert (await client.get("/version", headers={"Authorization": "Bearer old"})).status == 401
        assert (await client.get("/version", headers={"Authorization": "Bearer new"})).status == 200


async def test_whoever_has_the_token_is_named_so(running: Running) -> None:
    headers = {"Authorization": "Bearer t", "X-Actor": "ann\u00e9 from ops"}
    async with answering(running, lambda: "t") as client:
        wish = {"rules": "access/*", "mode": "shadow"}
        answer = await client.post("/v1/overrides", json=wish, headers=headers)
        assert answer.status == 200
        (change,) = running.audit.last(1)
        assert change.by == "ann\u00e9 from ops (admin token)"
        assert change.details["address"] == "127.0.0.1"
