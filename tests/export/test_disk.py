from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sidecar.export.disk import Disk, reason_of


@pytest.mark.parametrize(
    "number,reason",
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EFBIG, "disk_full"),
        (errno.EIO, "io_error"),
        (errno.EROFS, "io_error"),
    ],
)
def test_what_went_wrong_has_a_word(number: int, reason: str) -> None:
    assert reason_of(OSError(number, os.strerror(number))) == reason


def test_a_file_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    disk = Disk()
    held = disk.lock(tmp_path / "lock")
    assert held is not None
    assert disk.lock(tmp_path / "lock") is None
    disk.close(held)
    again = disk.lock(tmp_path / "lock")
    assert again is not None
    disk.close(again)


def test_what_is_written_whole_is_never_half(tmp_path: Path) -> None:
    disk = Disk()
    disk.write_whole(tmp_path / "a", b"one")
    disk.write_whole(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_files_and_folders_belong_to_the_user_alone(tmp_path: Path) -> None:
    disk = Disk()
    disk.make_folder(tmp_path / "a" / "b")
    disk.close(disk.create(tmp_path / "a" / "b" / "c.ndjson"))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o077 == 0
    assert (tmp_path / "a" / "b" / "c.ndjson").stat().st_mode & 0o077 == 0
    assert disk.files(tmp_path / "a" / "b", ".ndjson") == [(tmp_path / "a" / "b" / "c.ndjson", 0)]
    assert disk.folders(tmp_path) == [tmp_path / "a"]
