"""The rule files of README and ``docs/rules.md`` do what is said beside them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.integration import scripted
from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Answer, Connection, Fields, ask
from tests.integration.rule_text import rules
from tests.servers.ports import Address, free_port, is_listening
from tests.servers.processes import Process
from tests.servers.sidecar import SidecarProcess, SidecarStarter

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
HELLO = (ROOT / "rules" / "hello.rules.yaml").read_text(encoding="utf-8")
#: The command that a user types: beside the interpreter that the tests run on.
COMMAND = Path(sys.executable).with_name("sidecar")


def example(heading: str) -> dict[str, Any]:
    """The first rule file, or part of one, below a heading of ``docs/rules.md``."""
    below = REFERENCE.partition(f"# {heading}\n")[2]
    [text] = re.findall(r"```yaml\n(.*?)```", below, re.DOTALL)[:1]
    read: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return read


async def tells_its_head(
    head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Answers any request with the head that arrived."""
    length = re.search(rb"(?i)content-length: (\d+)", head)
    await reader.readexactly(int(length[1]) if length else 0)
    writer.write(scripted.answer(head))
    return True


@pytest.fixture
async def app() -> AsyncIterator[Address]:
    async with scripted.upstream(tells_its_head) as address:
        yield address


async def started(
    start: SidecarStarter, app: Address, part: dict[str, Any], **more: Any
) -> SidecarProcess:
    """A sidecar with the rules of an example; where it listens is the test's business."""
    part = {name: section for name, section in part.items() if name != "listeners"}
    return await asyncio.to_thread(start, rules(app, **{**part, **more}))


async def statuses(
    sidecar: SidecarProcess, target: str, times: int, *, method: str = "GET", fields: Fields = ()
) -> Counter[int]:
    """What a client gets who asks as fast as it can."""
    body = b"{}" if method == "POST" else b""
    async with await Connection.open(sidecar.address) as client:
        asked = [
            await client.ask(target, method=method, fields=fields, body=body) for _ in range(times)
        ]
    return Counter(answer.status for answer in asked)


def reason(answer: Answer) -> str:
    said: str = json.loads(answer.body)["reason"]
    return said


class TestReadme:
    @pytest.fixture
    def state(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="sidecar-") as folder:
            yield Path(folder)

    @contextlib.contextmanager
    def as_written(self, text: str, folder: Path, state: Path) -> Iterator[Process]:
        (folder / "shop.rules.yaml").write_text(text, encoding="utf-8")
        command: list[str | Path] = [COMMAND, "run", "shop.rules.yaml"]
        environment = {"XDG_RUNTIME_DIR": str(state)}
        log = folder / "sidecar.log"
        with Process("sidecar", command, log, environment=environment, folder=folder) as process:
            yield process

    async def test_its_rule_file(self, app: Address, tmp_path: Path, state: Path) -> None:
        [text] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
        address = f"127.0.0.1:{free_port()}"
        text = text.replace("127.0.0.1:8080", address).replace("127.0.0.1:9000", app)
        with self.as_written(text, tmp_path, state) as process:
            await eventually(lambda: is_listening(address), "listening")
            async with await Connection.open(address) as client:
                assert (await client.ask("/")).status == 200
                denied = await client.ask("/admin/users")
                assert (denied.status, reason(denied)) == (403, "access_denied")
                orders = Counter(
                    [(await client.ask("/orders", method="POST")).status for _ in range(150)]
                )
                assert orders[200] >= 98
                refused = await client.ask("/")
                while refused.status == 200:
                    refused = await client.ask("/")
                assert (refused.status, reason(refused)) == (429, "rate_limited")
                assert int(refused.field("retry-after")) == 1
                decision = refused.field("x-sidecar-decision")
                probes = [await client.ask("/healthz") for _ in range(200)]
                assert {answer.status for answer in probes} == {200}
            await eventually(lambda: decision in process.log, "the refusal is in the log")
            [line] = [json.loads(line) for line in process.log.splitlines() if decision in line]
            assert line["sidecar.rule.name"] == "each-client"
            assert process.stop() == 0
        assert "Traceback" not in process.log
        assert list(state.rglob("*.sock")) == []

    async def test_the_file_that_the_repository_has(
        self, app: Address, tmp_path: Path, state: Path
    ) -> None:
        address = f"127.0.0.1:{free_port()}"
        text = HELLO.replace("127.0.0.1:8080", address).replace("127.0.0.1:9000", app)
        with self.as_written(text, tmp_path, state) as process:
            await eventually(lambda: is_listening(address), "listening")
            began = time.monotonic()
            async with await Connection.open(address) as client:
                answers = [await client.ask("/") for _ in range(300)]
            admitted = sum(answer.status == 200 for answer in answers)
            assert 100 <= admitted <= 100 + 50 * (time.monotonic() - began)
            assert process.stop() == 0


class TestAccess:
    async def test_who_is_let_in(self, sidecar_process: SidecarStarter, app: Address) -> None:
        trust = {"proxies": ["127.0.0.0/8"], "disclose": "rule"}
        part = example("`access`: who is let in")
        sidecar = await started(sidecar_process, app, part, trust=trust)

        async def status(target: str, client: str, key: str = "") -> int:
            fields = [("X-Forwarded-For", client), *([("X-Api-Key", key)] if key else [])]
            return (await ask(sidecar.address, target, fields=fields)).status

        assert await status("/", "198.51.100.8") == 200
        assert await status("/", "198.51.100.7") == 403
        assert await status("/anything", "203.0.113.200") == 403
        assert await status("/admin/users", "10.3.2.1") == 200
        for target in ("/admin", "/admin/", "/admin/users", "//admin", "/%61dmin", "/x/../admin"):
            assert await status(target, "198.51.100.8") == 404, target
        # "Nobody gets past /admin/** by asking for" these.
        for target in ("//admin", "/%2561dmin", "/x/..;/admin"):
            assert f"`{target}`" in REFERENCE
            assert await status(target, "198.51.100.8") == 404, target
        assert await status("/administrator", "198.51.100.8") == 200
        # In shadow nobody is refused, and everybody counted.
        assert await status("/partners/orders", "198.51.100.8") == 200
        assert await status("/partners/orders", "198.51.100.8", "k1-abc") == 200
        decisions = "sidecar_decisions_total"
        assert metric(sidecar, decisions, rule="partners", outcome="refused") == 1
        denied = await ask(sidecar.address, "/", fields=[("X-Forwarded-For", "203.0.113.1")])
        assert json.loads(denied.body)["rule"].endswith("block-scalpers")

    async def test_an_escaped_slash_is_refused(
        self, sidecar_process: SidecarStarter, app: Address
    ) -> None:
        sidecar = await started(sidecar_process, app, {})
        assert (await ask(sidecar.address, "/a%2Fb")).status == 400
        seen = (await ask(sidecar.address, "/a/./b/../%63?q=%2F")).body
        assert seen.startswith(b"GET /a/c?q=%2F HTTP/1.1\r\n")


class TestRateLimits:
    async def test_how_much(self, sidecar_process: SidecarStarter, app: Address) -> None:
        sidecar = await started(sidecar_process, app, example("`rate_limits`: how much"))
        signs_in = [("Cookie", "user=mary")]
        assert await statuses(sidecar, "/sign-in", 1, method="POST", fields=signs_in) == {200: 1}
        again = await ask(sidecar.address, "/sign-in", method="POST", fields=signs_in, body=b"{}")
        assert (again.status, reason(again)) == (429, "rate_limited")
        assert 1 <= int(again.field("retry-after")) <= 10
        assert "ratelimit-policy" in dict(again.fields)
        assert "r=0" in again.field("ratelimit")
        # Another combination of user and client has a limit of its own.
        other = [("Cookie", "user=john")]
        assert await statuses(sidecar, "/sign-in", 1, method="POST", fields=other) == {200: 1}

        began = time.monotonic()
        ann = await statuses(sidecar, "/", 60, fields=[("Cookie", "user=ann")])
        assert 10 <= ann[200] <= 10 + 5 * (time.monotonic() - began) + 1
        assert ann[429] == 60 - ann[200]
        assert await statuses(sidecar, "/", 10, fields=[("Cookie", "user=bob")]) == {200: 10}

    async def test_a_second_refusal_takes_nothing(
        self, sidecar_process: SidecarStarter, app: Address
    ) -> None:
        """Nothing is taken from the first limit when the second refuses."""
        part = {
            "keys": {"client": {"from": "client.address"}},
            "rate_limits": [
                {"name": "each", "per": "client", "limit": "20/1h", "burst": 20},
                {"name": "all", "match": {"path": "/scarce"}, "limit": "1/1h", "burst": 1},
            ],
        }
        sidecar = await started(sidecar_process, app, part)
        assert await statuses(sidecar, "/scarce", 50) == {200: 1, 429: 49}
        assert await statuses(sidecar, "/", 50) == {200: 19, 429: 31}


class TestTrust:
    async def test_identity_of_strangers_is_removed(
        self, sidecar_process: SidecarStarter, app: Address
    ) -> None:
        part = example("Whom we believe: `trust`")
        sidecar = await started(sidecar_process, app, part)
        fields = [("X-User-Id", "root"), ("X-Forwarded-For", "10.9.9.9"), ("X-Other", "kept")]
        seen = (await ask(sidecar.address, "/", fields=fields)).body.lower()
        assert b"x-user-id" not in seen
        assert b"10.9.9.9" not in seen
        assert b"x-forwarded-for: 127.0.0.1\r\n" in seen
        assert b"x-other: kept\r\n" in seen

    async def test_identity_of_callers_is_believed(
        self, sidecar_process: SidecarStarter, app: Address
    ) -> None:
        part = example("Whom we believe: `trust`")
        part["trust"]["callers"] = ["127.0.0.1"]
        sidecar = await started(sidecar_process, app, part)
        mary, john = [("X-User-Id", "mary")], [("X-User-Id", "john")]
        assert (await statuses(sidecar, "/", 30, fields=mary))[429] > 10
        assert await statuses(sidecar, "/", 5, fields=john) == {200: 5}
        ann = await ask(sidecar.address, "/", fields=[("X-User-Id", "ann")])
        assert b"X-User-Id: ann\r\n" in ann.body


class TestKeys:
    async def test_what_tells_requests_apart(
        self, sidecar_process: SidecarStarter, app: Address
    ) -> None:
        sidecar = await started(sidecar_process, app, example("Keys: what tells requests apart"))

        async def admitted(target: str, times: int, *fields: tuple[str, str]) -> int:
            return (await statuses(sidecar, target, times, fields=fields))[200]

        assert await admitted("/", 5, ("Cookie", "sid=one")) == 5
        assert await admitted("/", 20, ("Cookie", "a=b; sid=one")) < 15
        assert await admitted("/", 5, ("Cookie", "sid=two")) == 5
        # Twenty of each pair of sku and tenant.
        many = [("Cookie", f"sid=s{number}") for number in range(12)]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(admitted("/tenants/acme/stock?sku=1", 5, cookie))
                for cookie in many
            ]
        assert 20 <= sum(task.result() for task in tasks) < 60
        assert await admitted("/tenants/acme/stock?sku=2", 5, ("Cookie", "sid=t1")) == 5
        assert await admitted("/tenants/other/stock?sku=1", 5, ("Cookie", "sid=t2")) == 5
