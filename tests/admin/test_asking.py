from __future__ import annotations

import os
import pwd

import pytest

from tests.admin.running import Running, on_a_unix_socket

ME = pwd.getpwuid(os.geteuid()).pw_name


async def by(running: Running, **headers: str) -> tuple[str, dict[str, str | int]]:
    """Who is said to have changed something."""
    async with on_a_unix_socket(running) as client:
        wish = {"level": "info"}
        assert (await client.put("/v1/log-level", json=wish, headers=headers)).status == 200
    (change,) = running.audit.last(1)
    return change.by, change.details


async def test_on_a_unix_socket_the_kernel_says_who_it_is(running: Running) -> None:
    assert await by(running) == (ME, {"uid": os.geteuid(), "pid": os.getpid()})


@pytest.mark.parametrize(
    "claim, name", [("ann", f"ann ({ME})"), ("  ", ME), ("x" * 500, f"{'x' * 120} ({ME})")]
)
async def test_a_claim_is_added_to_what_is_known(running: Running, claim: str, name: str) -> None:
    found, details = await by(running, **{"X-Actor": claim})
    assert found == name
    assert details["uid"] == os.geteuid()
