from __future__ import annotations

import gzip
from pathlib import Path

import msgspec

from sidecar.traces.file_names import FileNames
from sidecar.traces.trace import Operation
from tests.traces.documents import SHOP, span_document, write


def test_services_with_what_their_spans_are_called(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    assert FileNames().of([path]) >= {
        ("web", Operation("POST checkout", "server")), ("web", Operation("POST order", "client")),
    }  # fmt: skip


def test_of_a_file_that_grows_only_the_rest_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    names = FileNames()
    before = names.of([path])
    # What was read is not looked at again: if it were, this would be gone.
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b" " * (size - 1))
    write(tmp_path, [span_document("stock", "GET", "b" * 16)])
    assert names.of([path]) - before == {("stock", Operation("GET", "server"))}
    assert names.of([path]) > before


def test_a_line_that_is_not_whole_is_read_when_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    line = msgspec.json.encode(SHOP[0]) + b"\n"
    names = FileNames()
    path.write_bytes(line[:50])
    assert names.of([path]) == set()
    with path.open("ab") as file:
        file.write(line[50:])
    assert len(names.of([path])) == 1


def test_files_that_begin_anew_or_have_gone(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    names = FileNames()
    assert len(names.of([path])) > 1
    path.write_bytes(msgspec.json.encode(SHOP[0]) + b"\n")
    assert names.of([path]) == {("web", Operation("POST checkout", "server"))}
    path.unlink()
    assert names.of([path]) == set()


def test_what_is_compressed_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(msgspec.json.encode(SHOP[0]) + b"\nno json\n"))
    names = FileNames()
    assert len(names.of([path])) == 1
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b" " * size)
    assert len(names.of([path])) == 1
