"""Lists in files, as a running sidecar follows them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.integration.clients.asking import eventually, metric
from tests.integration.clients.connection import Connection, ask
from tests.integration.clients.crowd import Crowd, get
from tests.integration.rule_text import rules
from tests.servers.nginx import SMALL_BODY, Nginx
from tests.servers.ports import Address
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter, both_loops

ENTRIES = 100_000
#: What a change takes at most; the product's promise.
SHOWS_WITHIN_SECONDS = 1.0


class Lists:
    """The files that the rules of these tests name, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.scalpers = folder / "scalpers.txt"
        self.partners = folder / "partners.txt"
        self.write(self.scalpers, ["eve"])
        self.write(self.partners, [])

    def write(self, path: Path, lines: list[str]) -> None:
        fresh = path.with_suffix(".fresh")
        fresh.write_text("\n".join([*lines, ""]), encoding="utf-8")
        fresh.replace(path)

    def rules(self, app: Address) -> str:
        access: list[dict[str, Any]] = [
            {"name": "scalpers", "deny": {"user": {"file": str(self.scalpers)}}},
            {
                "name": "partners",
                "match": {"path": "/small", "query": {"of": "partners"}},
                "allow": {"key": {"file": str(self.partners), "hashed": "sha256"}},
            },
        ]
        keys = {
            "user": {"from": "header", "name": "x-user", "believe": "anyone"},
            "key": {"from": "header", "name": "x-api-key", "believe": "anyone"},
        }
        return rules(app, keys=keys, access=access)


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    folder = tmp_path / "lists"
    folder.mkdir()
    return Lists(folder)


async def status(sidecar: SidecarProcess, user: str) -> int:
    return (await ask(sidecar.address, "/small", fields=[("x-user", user)])).status


async def seconds_until(sidecar: SidecarProcess, user: str, wanted: int) -> float:
    began = time.monotonic()
    async with await Connection.open(sidecar.address) as connection:

        async def shows() -> bool:
            return (await connection.ask("/small", fields=[("x-user", user)])).status == wanted

        await eventually(shows, f"{user} gets {wanted}")
    return time.monotonic() - began


@pytest.mark.alone
@both_loops
async def test_a_scalper_is_denied_while_requests_run(
    sidecar_process: SidecarStarter, nginx: Nginx, lists: Lists, loop: Loop
) -> None:
    many = [f"user-{number}" for number in range(ENTRIES)]
    lists.write(lists.scalpers, many)
    sidecar = sidecar_process(lists.rules(nginx.address), loop=loop)
    crowd = Crowd(sidecar.address)
    notes = crowd.add("kept", 4, get("/small", SMALL_BODY), keep_alive=True)
    fresh = crowd.add("fresh", 2, get("/small", SMALL_BODY), keep_alive=False)
    async with crowd.at_work():
        assert await status(sidecar, "mallory") == 200
        for _ in range(3):
            lists.write(lists.scalpers, [*many, "mallory"])
            assert await seconds_until(sidecar, "mallory", 403) < SHOWS_WITHIN_SECONDS
            assert await status(sidecar, "user-99999") == 403
            lists.write(lists.scalpers, many)
            assert await seconds_until(sidecar, "mallory", 200) < SHOWS_WITHIN_SECONDS
    assert crowd.failures == []
    assert set(notes.statuses) == set(fresh.statuses) == {200}
    assert notes.connections == 4
    assert metric(sidecar, "sidecar_rules_file_reloads_total", result="success") == 6
    assert metric(sidecar, "sidecar_rules_reloads_total", result="success") == 1


async def test_a_bad_list_changes_nothing_and_is_told(
    sidecar_process: SidecarStarter, nginx: Nginx, lists: Lists
) -> None:
    sidecar = sidecar_process(lists.rules(nginx.address))
    lists.write(lists.scalpers, ["mallory", "trudy until: tomorrow"])
    await eventually(lambda: metric(sidecar, "sidecar_rules_files_refused") == 1, "it is counted")
    await eventually(lambda: "'tomorrow' is not a time" in sidecar.log, "it is told")
    assert [await status(sidecar, user) for user in ("eve", "mallory")] == [403, 200]
    lists.write(lists.scalpers, ["mallory"])
    await seconds_until(sidecar, "mallory", 403)
    assert await status(sidecar, "eve") == 200
    assert metric(sidecar, "sidecar_rules_files_refused") == 0


@pytest.mark.alone
async def test_an_entry_ends_while_the_sidecar_runs(
    sidecar_process: SidecarStarter, nginx: Nginx, lists: Lists
) -> None:
    sidecar = sidecar_process(lists.rules(nginx.address))
    until = datetime.now(UTC) + timedelta(seconds=4)
    lists.write(lists.scalpers, [f"mallory until: {until.isoformat(timespec='seconds')}"])
    await seconds_until(sidecar, "mallory", 403)
    await seconds_until(sidecar, "mallory", 200)
    assert -1.0 <= (datetime.now(UTC) - until).total_seconds() < 3.0


async def test_api_keys_are_known_by_their_hash(
    sidecar_process: SidecarStarter, nginx: Nginx, lists: Lists
) -> None:
    secret = "k1-0123456789"
    lists.write(lists.partners, [f"{sha256(secret.encode()).hexdigest()}  # partner one"])
    sidecar = sidecar_process(lists.rules(nginx.address))

    async def answer(*keys: str) -> int:
        fields = [("x-api-key", key) for key in keys]
        return (await ask(sidecar.address, "/small?of=partners", fields=fields)).status

    assert await answer(secret) == 200
    assert await answer() == 403
    for wrong in ("k1-012345678", secret.upper(), sha256(secret.encode()).hexdigest()):
        assert await answer(wrong) == 403, wrong
    assert await answer(secret, secret) == 403, "two keys are none"
    assert secret not in sidecar.log


async def test_a_file_that_is_gone_changes_nothing_until_it_is_back(
    sidecar_process: SidecarStarter, nginx: Nginx, lists: Lists
) -> None:
    sidecar = sidecar_process(lists.rules(nginx.address))
    lists.scalpers.unlink()
    await eventually(lambda: metric(sidecar, "sidecar_rules_files_refused") == 1, "it is counted")
    assert await status(sidecar, "eve") == 403
    # A rule file that is read while one of its files is missing does not go into force…
    sidecar.write_rules(lists.rules(nginx.address) + "\n")
    await eventually(lambda: "missing-file" in sidecar.log, "it is told")
    assert await status(sidecar, "eve") == 403
    # … and is tried again when the file is there.
    lists.write(lists.scalpers, ["mallory"])
    await seconds_until(sidecar, "mallory", 403)
    await eventually(
        lambda: metric(sidecar, "sidecar_rules_last_reload_successful") == 1, "all is well"
    )
