"""What a rule file may look at beside itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.ruleset.folder import Folder, NotReadable


def test_paths_are_relative_and_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/a.txt").write_bytes(b"ann")
    data, stamp = folder.read("lists/a.txt", 100)
    assert data == b"ann"
    assert stamp == folder.stamp("lists/a.txt")
    assert folder.read(str(tmp_path / "lists/a.txt"), 3)[0] == b"ann"
    (tmp_path / "lists/a.txt").write_bytes(b"ann\nbob")
    assert stamp != folder.stamp("lists/a.txt")
    assert folder.stamp("lists/b.txt") is None


@pytest.mark.parametrize(
    "path, message",
    [
        ("none.txt", "none.txt cannot be read: No such file or directory"),
        (".", ". cannot be read: Is a directory"),
        ("pipe", "pipe is no regular file"),
        ("a\0b", "cannot be read"),
        ("large", "large has more than the 10 bytes"),
        ("/dev/zero", "/dev/zero is no regular file"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, path: str, message: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 11)
    with pytest.raises(NotReadable) as raised:
        Folder(tmp_path).read(path, 10)
    assert message in str(raised.value)


def test_variables(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"TOKEN": "hunter2", "EMPTY": ""})
    assert folder.variable("TOKEN") == "hunter2"
    for name in ("EMPTY", "NONE"):
        with pytest.raises(NotReadable, match=f"the variable {name} is not set"):
            folder.variable(name)


def test_what_is_no_longer_named_is_forgotten(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.remembered |= {"a": 1, "b": 2}
    folder.forget_all_but({"b", "c"})
    assert folder.remembered == {"b": 2}
