from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from sidecar.traces.lines import files, lines
from sidecar.traces.trace import Unanswered


def test_the_file_that_was_written_to_last_comes_first(tmp_path: Path) -> None:
    below = tmp_path / "order"
    below.mkdir()
    for age, name in enumerate(["new.ndjson", "order/old.jsonl.gz", "older.json", "x.log", "y.gz"]):
        path = tmp_path / name
        path.touch()
        os.utime(path, ns=(10**18 - age, 10**18 - age))
    (tmp_path / "folder.json").mkdir()
    found = [path.name for path in files(tmp_path)]
    assert found == ["new.ndjson", "old.jsonl.gz", "older.json"]
    assert [path.name for path in files(tmp_path, since=10**18 - 1)] == found[:2]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(Unanswered, match="is no folder"):
        files(tmp_path / "nothing")


def test_lines_with_where_they_end(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"one\ntwo\nthr")
    assert [*lines(path)] == [(4, b"one\n"), (8, b"two\n"), (11, b"thr")]
    assert [*lines(path, 8)] == [(11, b"thr")]
    assert [*lines(tmp_path / "gone.ndjson")] == []


def test_what_is_compressed_and_torn(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    whole = gzip.compress(b"".join(b"%d line\n" % number for number in range(10_000)))
    path.write_bytes(whole)
    assert len([*lines(path)]) == 10_000
    path.write_bytes(whole[: len(whole) // 2])
    assert 0 < len([*lines(path)]) < 10_000
    path.write_bytes(b"no gzip at all")
    assert [*lines(path)] == []


def test_a_file_that_is_a_folder_by_now(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.mkdir()
    with pytest.raises(Unanswered, match=r"cannot be read: Is a directory"):
        [*lines(path)]
