"""Who is let in, who is believed, what tells requests apart, as the pages about rules have it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from pathlib import Path

from tests.integration.clients.asking import eventually
from tests.integration.clients.connection import ask
from tests.integration.documented import (
    REFERENCE,
    Service,
    decided,
    example,
    started,
    statuses,
)
from tests.servers.sidecar import SidecarStarter


class TestAccess:
    async def test_who_is_let_in(self, sidecar_process: SidecarStarter, service: Service) -> None:
        trust = {"proxies": ["127.0.0.0/8"], "disclose": "rule"}
        part = example("`access`: who is let in")
        sidecar = await started(sidecar_process, service.address, part, trust=trust)

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
        assert decided(sidecar, "partners", "refused") == 1
        denied = await ask(sidecar.address, "/", fields=[("X-Forwarded-For", "203.0.113.1")])
        assert json.loads(denied.body)["rule"].endswith("block-scalpers")

    async def test_an_escaped_slash_is_refused(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        sidecar = await started(sidecar_process, service.address, {})
        assert (await ask(sidecar.address, "/a%2Fb")).status == 400
        seen = (await ask(sidecar.address, "/a/./b/../%63?q=%2F")).body
        assert seen.startswith(b"GET /a/c?q=%2F HTTP/1.1\r\n")

    async def test_lists_in_files(
        self, sidecar_process: SidecarStarter, service: Service, tmp_path: Path
    ) -> None:
        networks, scalpers = tmp_path / "networks.txt", tmp_path / "scalpers.txt"
        networks.write_text("203.0.113.0/24\n", encoding="utf-8")
        below = REFERENCE.partition("# Lists in files\n")[2]
        scalpers.write_text(below.partition("```text\n")[2].partition("```")[0], encoding="utf-8")
        part = example("Lists in files")
        part["trust"] = {"callers": ["127.0.0.1"], "proxies": ["127.0.0.1"]}
        [rule] = part["access"]
        rule["deny"] = {
            "client_ip": {"file": str(networks)}, "user": ["eve", {"file": str(scalpers)}]
        }  # fmt: skip
        sidecar = await started(sidecar_process, service.address, part)

        async def status(user: str, client: str = "198.51.100.1") -> int:
            fields = [("X-User-Id", user), ("X-Forwarded-For", client)]
            return (await ask(sidecar.address, "/", fields=fields)).status

        assert [await status(user) for user in ("ann", "eve", "trudy", "mal*")] == [
            200, 403, 403, 200,
        ]  # fmt: skip
        assert await status("ann", "203.0.113.9") == 403
        newer = scalpers.with_suffix(".new")
        newer.write_text("ann\n", encoding="utf-8")
        newer.replace(scalpers)

        async def is_denied() -> bool:
            return await status("ann") == 403

        await eventually(is_denied, "the list that changed is in force, alone")
        assert await status("trudy") == 200

    async def test_api_keys(
        self, sidecar_process: SidecarStarter, service: Service, tmp_path: Path
    ) -> None:
        below = REFERENCE.partition("# API keys\n")[2]
        command = below.partition("```sh\n")[2].partition("```")[0]
        shell = await asyncio.create_subprocess_shell(
            command, cwd=tmp_path, env={**os.environ, "KEY": "k1-secret"}
        )
        assert await shell.wait() == 0
        written = (tmp_path / "partners.txt").read_text(encoding="utf-8")
        assert written.startswith(hashlib.sha256(b"k1-secret").hexdigest())
        part = example("API keys")
        part["access"][0]["allow"]["api-key"]["file"] = str(tmp_path / "partners.txt")
        sidecar = await started(sidecar_process, service.address, part)

        async def status(key: str) -> int:
            fields = [("X-Api-Key", key)]
            return (await ask(sidecar.address, "/partners/orders", fields=fields)).status

        assert await status("k1-secret") == 200
        assert await status("k2-guess") == 403
        assert await status(written.split(" ", 1)[0]) == 403
        assert (await ask(sidecar.address, "/")).status == 200


class TestTrust:
    async def test_identity_of_strangers_is_removed(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = example("Whom we believe: `trust`")
        sidecar = await started(sidecar_process, service.address, part)
        fields = [("X-User-Id", "root"), ("X-Forwarded-For", "10.9.9.9"), ("X-Other", "kept")]
        seen = (await ask(sidecar.address, "/", fields=fields)).body.lower()
        assert b"x-user-id" not in seen
        assert b"10.9.9.9" not in seen
        assert b"x-forwarded-for: 127.0.0.1\r\n" in seen
        assert b"x-other: kept\r\n" in seen

    async def test_identity_of_callers_is_believed(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        part = example("Whom we believe: `trust`")
        part["trust"]["callers"] = ["127.0.0.1"]
        sidecar = await started(sidecar_process, service.address, part)
        mary, john = [("X-User-Id", "mary")], [("X-User-Id", "john")]
        assert (await statuses(sidecar, "/", 30, fields=mary))[429] > 10
        assert await statuses(sidecar, "/", 5, fields=john) == {200: 5}
        ann = await ask(sidecar.address, "/", fields=[("X-User-Id", "ann")])
        assert b"X-User-Id: ann\r\n" in ann.body


class TestKeys:
    async def test_what_tells_requests_apart(
        self, sidecar_process: SidecarStarter, service: Service
    ) -> None:
        sidecar = await started(
            sidecar_process, service.address, example("Keys: what tells requests apart")
        )

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
