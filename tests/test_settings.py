from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.settings import default_state_dir


def test_state_lives_in_the_users_run_time_directory() -> None:
    found = default_state_dir("orders", "127.0.0.1:8080", {"XDG_RUNTIME_DIR": "/run/user/7"})
    assert found == Path("/run/user/7/governance-sidecar/orders-127.0.0.1_8080")


@pytest.mark.parametrize(
    "user,base", [(0, Path("/run")), (1000, Path("/home/someone/.local/state"))]
)
def test_state_without_such_a_directory(
    user: int, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    found = default_state_dir("orders", "127.0.0.1:8080", {"HOME": "/home/someone"})
    assert found.parent == base / "governance-sidecar"


def test_two_sidecars_of_one_service_do_not_share_state() -> None:
    binds = ["127.0.0.1:8080", "127.0.0.1:8081", "[::1]:8080", "unix:/run/a.sock", "unix:/run/b"]
    assert len({default_state_dir("orders", bind, {}) for bind in binds}) == len(binds)


def test_a_port_that_the_system_chooses_is_told_apart_by_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = default_state_dir("orders", "127.0.0.1:0", {})
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert default_state_dir("orders", "127.0.0.1:0", {}) != one


@pytest.mark.parametrize("bind", ["unix:../../etc/x.sock", "unix:/a/b/c"])
def test_an_address_never_names_another_directory(bind: str) -> None:
    base = default_state_dir("orders", "127.0.0.1:1", {}).parent
    assert default_state_dir("orders", bind, {}).parent == base
