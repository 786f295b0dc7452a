from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.telemetry.destination import FileDestination, StreamDestination


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        os.close(descriptor)


def put(destination: FileDestination | StreamDestination, data: bytes) -> int:
    return destination.write(memoryview(data))


def fill(destination: StreamDestination) -> None:
    """Write until it says that nothing more fits."""
    with contextlib.suppress(BlockingIOError):
        while True:
            put(destination, bytes(100_000))


def test_a_file_is_created_for_its_owner_and_group_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "sidecar.log"
    before = os.umask(0)
    try:
        destination = FileDestination(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.write_bytes(b"from before\n")
    put(destination, b"one\n")
    destination.close()
    assert path.read_bytes() == b"from before\none\n"


def test_a_path_that_cannot_be_opened_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileDestination(tmp_path / "missing" / "sidecar.log")


def test_a_renamed_file_is_followed_by_a_new_one(tmp_path: Path) -> None:
    path, old = tmp_path / "sidecar.log", tmp_path / "sidecar.log.1"
    destination = FileDestination(path)
    put(destination, b"one\n")
    assert not destination.refresh(force=False)
    path.rename(old)
    assert destination.refresh(force=False)
    put(destination, b"two\n")
    destination.close()
    assert (old.read_bytes(), path.read_bytes()) == (b"one\n", b"two\n")


def test_it_is_opened_anew_when_told_so(tmp_path: Path) -> None:
    destination = FileDestination(tmp_path / "sidecar.log")
    assert destination.refresh(force=True)
    destination.close()


def test_the_renamed_file_serves_on_while_no_new_one_can_be_had(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    destination = FileDestination(folder / "sidecar.log")
    folder.rename(tmp_path / "moved")
    assert not destination.refresh(force=False)
    put(destination, b"one\n")
    destination.close()
    assert (tmp_path / "moved" / "sidecar.log").read_bytes() == b"one\n"


def test_a_deleted_file_that_cannot_be_had_again_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log" / "sidecar.log"
    path.parent.mkdir()
    destination = FileDestination(path)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(FileNotFoundError):
        destination.refresh(force=False)
    destination.close()


def test_a_full_disk_says_so() -> None:
    destination = FileDestination(Path("/dev/full"))
    with pytest.raises(OSError, match="space") as caught:
        put(destination, b"one\n")
    destination.close()
    assert caught.value.errno == errno.ENOSPC


def test_a_full_pipe_never_blocks_and_keeps_its_flags(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    destination = StreamDestination(writer)
    fill(destination)
    destination.wait(0.0)
    assert os.get_blocking(writer)
    os.read(reader, 100_000)
    assert put(destination, b"one\n") == 4
    destination.close()
    assert os.write(writer, b"still open") == 10


def test_a_pipe_that_nobody_reads_any_more_is_an_error() -> None:
    reader, writer = os.pipe()
    destination = StreamDestination(writer)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        put(destination, b"one\n")
    destination.close()
    os.close(writer)


def test_a_full_socket_never_blocks_and_keeps_its_flags() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        destination = StreamDestination(ours.fileno())
        assert put(destination, b"one\n") == 4
        assert theirs.recv(100) == b"one\n"
        fill(destination)
        assert os.get_blocking(ours.fileno())
        theirs.close()
        with pytest.raises(BrokenPipeError):
            put(destination, b"two\n")
        destination.close()


def test_a_redirected_file_keeps_the_offset_it_shares(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb", buffering=0) as redirected:
        destination = StreamDestination(redirected.fileno())
        redirected.write(b"one\n")
        put(destination, b"two\n")
        redirected.write(b"three\n")
        assert not destination.refresh(force=True)
        destination.close()
    assert path.read_bytes() == b"one\ntwo\nthree\n"
