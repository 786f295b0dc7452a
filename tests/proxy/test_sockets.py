"""Where the sidecar listens: what is bound, what is replaced, what is inherited."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.proxy import sockets
from sidecar.proxy.sockets import (
    CannotListen,
    address_of,
    listen_tcp,
    listen_unix,
    passed_by_systemd,
)

MODE = 0o660


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_free_port_is_listened_on_at_once_and_without_blocking(host: str) -> None:
    with closing(listen_tcp(host, 0)) as sock:
        assert not sock.getblocking()
        with socket.create_connection(sock.getsockname()[:2]), sock.accept()[0] as accepted:
            assert accepted.getsockname()[:2] == sock.getsockname()[:2]


@pytest.mark.parametrize("host, written", [("127.0.0.1", "127.0.0.1:{}"), ("::1", "[::1]:{}")])
def test_an_address_is_told_as_the_rule_file_writes_it(host: str, written: str) -> None:
    with closing(listen_tcp(host, 0)) as sock:
        assert address_of(sock) == written.format(sock.getsockname()[1])


def test_a_port_that_is_taken_is_refused_by_name() -> None:
    with closing(listen_tcp("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"cannot listen on 127\.0\.0\.1:{port}: Address"):
            listen_tcp("127.0.0.1", port)


def test_a_port_can_be_listened_on_again_while_old_connections_fade() -> None:
    with closing(listen_tcp("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = first.accept()
            # The side that ends first is the one that keeps the port in TIME-WAIT.
            accepted.close()
            assert client.recv(1) == b""
    with closing(listen_tcp("127.0.0.1", port)) as second:
        assert second.getsockname()[1] == port


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(CannotListen, match=r"cannot listen on 192\.0\.2\.1:0: "):
        listen_tcp("192.0.2.1", 0)


# --- Unix sockets


def test_a_unix_socket_has_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with closing(listen_unix(path, MODE)) as sock:
        assert stat.S_IMODE(path.stat().st_mode) == MODE
        assert not sock.getblocking()
        assert address_of(sock) == f"unix:{path}"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_unix_socket_that_nobody_listens_on_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    listen_unix(path, MODE).close()
    stale = path.stat().st_ino
    # Held, so that the new file cannot be given the same number.
    path.with_suffix(".old").hardlink_to(path)
    with closing(listen_unix(path, MODE)), socket.socket(socket.AF_UNIX) as client:
        assert path.stat().st_ino != stale
        client.connect(str(path))


def test_a_unix_socket_that_somebody_listens_on_is_left_to_them(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with closing(listen_unix(path, MODE)) as living:
        with pytest.raises(CannotListen, match="somebody listens there already") as refused:
            listen_unix(path, MODE)
        assert str(refused.value).startswith(f"cannot listen on unix:{path}: ")
        with socket.socket(socket.AF_UNIX) as client:
            # The first in the queue is the one that asked whether anybody is there.
            living.accept()[0].close()
            client.connect(str(path))
            living.accept()[0].close()


def test_a_file_that_is_no_socket_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "accounts"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(CannotListen, match="no socket"):
        listen_unix(path, MODE)
    assert path.read_text(encoding="utf-8") == "precious"


def test_what_a_link_points_to_is_not_removed(tmp_path: Path) -> None:
    precious, path = tmp_path / "accounts", tmp_path / "app.sock"
    precious.write_text("precious", encoding="utf-8")
    path.symlink_to(precious)
    with pytest.raises(CannotListen, match="no socket"):
        listen_unix(path, MODE)
    assert precious.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("name", ["missing/app.sock", "long" * 40])
def test_a_path_that_cannot_be_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotListen, match=f"unix:.*{name}: "):
        listen_unix(tmp_path / name, MODE)


# --- systemd

Passed = Callable[[int], list[socket.socket]]


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Passed:
    """Listening sockets in adjacent descriptors, the first of which takes the place of 3.

    Descriptor 3 of the process that runs the tests is somebody else's.
    """

    def make(count: int) -> list[socket.socket]:
        originals = [listen_tcp("127.0.0.1", 0) for _ in range(count)]
        first = least = 200
        for index, one in enumerate(originals):
            one.setblocking(True)
            given = fcntl.fcntl(one, fcntl.F_DUPFD, least)
            first = given if index == 0 else first
            least = given + 1
        assert least == first + count, "the descriptors are not adjacent"
        monkeypatch.setattr(sockets, "_FIRST_PASSED", first)
        return originals

    return make


def offered(count: int, names: str | None = None, pid: int | None = None) -> dict[str, str]:
    environment = {"LISTEN_FDS": str(count), "LISTEN_PID": str(pid or os.getpid()), "HOME": "/"}
    return environment if names is None else {**environment, "LISTEN_FDNAMES": names}


@pytest.mark.parametrize("names, known", [
    ("inbound:prometheus", ["inbound", "prometheus"]),
    ("prometheus:inbound", ["prometheus", "inbound"]),
    ("inbound", ["inbound", ""]),
])  # fmt: skip
def test_sockets_of_systemd_are_known_by_their_names(
    passed: Passed, names: str, known: list[str]
) -> None:
    originals = passed(2)
    found = passed_by_systemd(offered(2, names))
    assert list(found) == known
    for sock, original in zip(found.values(), originals, strict=True):
        assert sock.getsockname() == original.getsockname()
        assert not sock.getblocking()
        sock.close()
        original.close()


@pytest.mark.parametrize("name", [None, "", "sidecar.socket", "inbound", "prometheus"])
def test_one_socket_alone_is_for_clients_whatever_its_name(
    passed: Passed, name: str | None
) -> None:
    (original,) = passed(1)
    found = passed_by_systemd(offered(1, name))
    assert list(found) == ["inbound"]
    assert found["inbound"].getsockname() == original.getsockname()
    found["inbound"].close()
    original.close()


@pytest.mark.parametrize("environment", [
    {},
    {"LISTEN_FDS": "", "LISTEN_PID": str(os.getpid())},
    {"LISTEN_FDS": "-1", "LISTEN_PID": str(os.getpid())},
    {"LISTEN_FDS": "0", "LISTEN_PID": str(os.getpid())},
    {"LISTEN_FDS": "one", "LISTEN_PID": str(os.getpid())},
    {"LISTEN_FDS": "2"},
    offered(2, "inbound:prometheus", pid=1),
])  # fmt: skip
def test_what_is_not_for_us_is_not_taken(environment: dict[str, str]) -> None:
    assert passed_by_systemd(dict(environment)) == {}


@pytest.mark.parametrize("pid", [os.getpid(), 1], ids=["ours", "another"])
def test_the_variables_are_taken_out_for_the_sake_of_our_children(passed: Passed, pid: int) -> None:
    originals = passed(2 if pid == os.getpid() else 0)
    environment = offered(2, "inbound:prometheus", pid)
    for sock in passed_by_systemd(environment).values():
        sock.close()
    assert environment == {"HOME": "/"}
    for one in originals:
        one.close()


def test_a_path_that_the_system_does_not_take_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CannotListen, match="and the system takes 107; choose a shorter one"):
        listen_unix(tmp_path / ("x" * 108), 0o600)
