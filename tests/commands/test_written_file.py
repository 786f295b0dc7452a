from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.commands.written_file import read_text, write_whole


def test_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    assert write_whole(path, "grüße\n")
    assert path.read_bytes() == "grüße\n".encode()
    assert [one.name for one in tmp_path.iterdir()] == ["x.yaml"]


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    write_whole(path, "same")
    before = path.stat()
    assert not write_whole(path, "same")
    assert path.stat() == before


def test_a_link_and_rights_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    assert write_whole(link, "new")
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "new"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "x.yaml", "x")


def test_one_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(path, "x")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_what_is_no_text_is_no_text_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert read_text(path) is None
    path.write_bytes(b"\xff")
    assert read_text(path) is None
    assert write_whole(path, "x")
