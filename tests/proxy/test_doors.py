"""Which sockets are inherited, which are bound, and which files go."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.model.addresses import Address
from sidecar.proxy.doors import Doors
from sidecar.proxy.sockets import CannotListen, listen_tcp, listen_unix

ANY_PORT = Address("127.0.0.1", 0)
MODE = 0o600


@pytest.fixture
def doors() -> Iterator[Doors]:
    made = Doors()
    yield made
    made.close()
    made.remove_files()


@pytest.fixture
def old() -> Iterator[socket.socket]:
    """What a sidecar before us listens on."""
    sock = listen_tcp("127.0.0.1", 0)
    yield sock
    sock.close()


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def test_binds_what_is_not_inherited(doors: Doors) -> None:
    doors.open("inbound", ANY_PORT, MODE)
    port = port_of(doors.sockets["inbound"])
    assert port > 0
    assert doors.addresses() == {"inbound": f"127.0.0.1:{port}"}


@pytest.mark.parametrize("anywhere", [True, False])
def test_uses_what_is_inherited_where_it_fits(
    doors: Doors, old: socket.socket, anywhere: bool
) -> None:
    doors.inherited({"inbound": old})
    doors.open("inbound", ANY_PORT if anywhere else Address("127.0.0.1", port_of(old)), MODE)
    assert doors.sockets["inbound"] is old


@pytest.mark.parametrize("written", ["::1", "0:0:0:0:0:0:0:1", "0000::0001"])
def test_an_address_may_be_written_in_more_ways_than_one(doors: Doors, written: str) -> None:
    old = listen_tcp("::1", 0)
    doors.inherited({"inbound": old})
    doors.open("inbound", Address(written, port_of(old)), MODE)
    assert doors.sockets["inbound"] is old


def test_lets_go_of_what_listens_elsewhere(doors: Doors, old: socket.socket) -> None:
    with listen_tcp("127.0.0.1", 0) as probe:
        free = port_of(probe)
    doors.inherited({"inbound": old, "prometheus": listen_tcp("127.0.0.1", 0)})
    doors.open("inbound", Address("127.0.0.1", free), MODE)
    assert old.fileno() >= 0, "until we serve, the one before us does"
    doors.settle()
    assert port_of(doors.sockets["inbound"]) == free
    assert old.fileno() < 0
    assert list(doors.sockets) == ["inbound"]


def test_another_family_is_elsewhere(doors: Doors, tmp_path: Path) -> None:
    path = tmp_path / "old.sock"
    doors.inherited({"inbound": listen_unix(path, MODE)})
    doors.open("inbound", ANY_PORT, MODE)
    assert path.exists()
    doors.settle()
    assert not path.exists()
    assert doors.sockets["inbound"].family == socket.AF_INET


def test_what_we_are_started_with_is_used_wherever_it_listens(
    doors: Doors, old: socket.socket, tmp_path: Path
) -> None:
    doors.passed({"inbound": old})
    doors.open("inbound", Address(path=str(tmp_path / "other.sock")), MODE)
    assert doors.sockets["inbound"] is old
    assert not (tmp_path / "other.sock").exists()


def test_the_file_of_a_socket_that_we_were_started_with_stays(doors: Doors, tmp_path: Path) -> None:
    path = tmp_path / "in.sock"
    with listen_unix(path, MODE) as passed:
        doors.passed({"inbound": passed})
        doors.inherited({"inbound": socket.socket(fileno=socket.dup(passed.fileno()))})
        doors.open("inbound", Address(path=str(path)), MODE)
        doors.settle()
        doors.remove_files()
        assert path.exists()


def test_files_that_we_bound_go(doors: Doors, tmp_path: Path) -> None:
    path = tmp_path / "in.sock"
    doors.open("inbound", Address(path=str(path)), MODE)
    assert path.stat().st_mode & 0o777 == MODE
    doors.close()
    doors.remove_files()
    assert not path.exists()


def test_an_inherited_file_goes_only_once_it_is_ours(doors: Doors, tmp_path: Path) -> None:
    path = tmp_path / "in.sock"
    address = Address(path=str(path))
    doors.inherited({"inbound": listen_unix(path, MODE)})
    doors.open("inbound", address, MODE)
    doors.remove_files()
    assert path.exists(), "the one before us still serves there"
    doors.settle()
    doors.remove_files()
    assert not path.exists()


def test_a_file_that_somebody_bound_anew_stays(doors: Doors, tmp_path: Path) -> None:
    path = tmp_path / "in.sock"
    doors.open("inbound", Address(path=str(path)), MODE)
    doors.close()
    # Kept under another name: its inode must not be given to the new one.
    path.rename(tmp_path / "kept")
    with listen_unix(path, MODE):
        doors.remove_files()
        assert path.exists()


def test_an_address_in_use_says_so(doors: Doors, old: socket.socket) -> None:
    port = port_of(old)
    with pytest.raises(CannotListen, match=rf"cannot listen on 127\.0\.0\.1:{port}: .*in use"):
        doors.open("inbound", Address("127.0.0.1", port), MODE)
