from __future__ import annotations

import json
import resource
import signal as signals
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.export.backend import TAKEN
from sidecar.export.files import FilesBackend
from sidecar.export.item import Signal
from tests.export.items import make_item

KILOBYTE = 1024
LARGEST = 5_000


def make_backend(folder: Path, at_most: int = 1024 * KILOBYTE) -> FilesBackend:
    moments = iter(range(10**6))
    return FilesBackend(folder, at_most, lambda: 1.7e9 + next(moments))


def written(folder: Path, signal: Signal) -> list[int]:
    files = sorted(folder.glob(f"{signal.value}-*.ndjson"))
    return [json.loads(line)["n"] for file in files for line in file.read_text().splitlines()]


@pytest.fixture
def limited_files() -> Iterator[None]:
    """No file grows beyond ``LARGEST`` bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signals.signal(signals.SIGXFSZ, signals.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signals.signal(signals.SIGXFSZ, handler)


def test_documents_go_to_a_file_of_their_signal(tmp_path: Path) -> None:
    backend = make_backend(tmp_path / "made" / "for" / "it")
    items = [make_item(1), make_item(2, Signal.TRACES), make_item(3), make_item(4, Signal.METRICS)]
    assert backend.deliver(items) == TAKEN
    backend.close()
    folder = tmp_path / "made" / "for" / "it"
    assert written(folder, Signal.LOGS) == [1, 3]
    assert written(folder, Signal.TRACES) == [2]
    assert written(folder, Signal.METRICS) == [4]
    names = sorted(one.name for one in folder.iterdir())
    assert [name[:20] for name in names] == [
        "logs-20231114T221320", "metrics-20231114T221", "traces-20231114T2213",
    ]  # fmt: skip


def test_files_follow_each_other_and_the_oldest_go(tmp_path: Path) -> None:
    at_most = 64 * KILOBYTE
    backend = make_backend(tmp_path, at_most)
    for number in range(400):
        signal = Signal.TRACES if number % 4 else Signal.LOGS
        assert backend.deliver([make_item(number, signal, KILOBYTE)]) == TAKEN
        held = sum(one.stat().st_size for one in tmp_path.iterdir())
        assert held <= at_most
    found = sorted([*written(tmp_path, Signal.TRACES), *written(tmp_path, Signal.LOGS)])
    assert found[-1] == 399
    assert len(found) > 30
    traces = written(tmp_path, Signal.TRACES)
    assert traces == [number for number in range(traces[0], 400) if number % 4]


def test_what_others_have_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x" * 100_000)
    backend = make_backend(tmp_path, 64 * KILOBYTE)
    for number in range(100):
        backend.deliver([make_item(number, size=2 * KILOBYTE)])
    assert (tmp_path / "notes.txt").exists()


def test_a_file_that_was_deleted_is_begun_anew(tmp_path: Path) -> None:
    backend = make_backend(tmp_path)
    backend.deliver([make_item(1)])
    for one in tmp_path.iterdir():
        one.unlink()
    assert backend.deliver([make_item(2)]) == TAKEN
    assert written(tmp_path, Signal.LOGS) == [2]


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    backend = make_backend(tmp_path / "file")
    delivery = backend.deliver([make_item(1), make_item(2)])
    assert [*delivery.again] == [0, 1]
    assert str(tmp_path / "file") in delivery.error


@pytest.mark.usefixtures("limited_files")
def test_a_full_disk_leaves_no_half_documents_and_loses_none(tmp_path: Path) -> None:
    backend = make_backend(tmp_path)
    first = [make_item(number, size=KILOBYTE) for number in range(4)]
    assert backend.deliver(first) == TAKEN
    more = [make_item(4, size=KILOBYTE), make_item(5, Signal.TRACES)]
    delivery = backend.deliver(more)
    assert [*delivery.again] == [0]
    assert "File too large" in delivery.error
    assert written(tmp_path, Signal.LOGS) == [0, 1, 2, 3]
    assert written(tmp_path, Signal.TRACES) == [5]
