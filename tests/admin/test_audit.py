from __future__ import annotations

import json
import os
from pathlib import Path

from sidecar.admin.actor import Actor
from sidecar.admin.audit import REMEMBERED, AuditLog

ANN = Actor("ann", {"uid": 1000})


def a_log(path: Path) -> tuple[AuditLog, list[tuple[str, int]]]:
    lost: list[tuple[str, int]] = []
    return AuditLog(path, lambda reason, count: lost.append((reason, count))), lost


def test_each_change_is_a_line_that_says_who_what_when_and_why(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit, lost = a_log(path)
    audit.record("override", "access/*", "shadow", "set", actor=ANN, why="a sale\nof much")
    audit.record("override", "access/*", "shadow", "ended", actor=Actor("sidecar"))
    audit.close(1.0)
    first, second = map(json.loads, path.read_text().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "action": "override", "target": "access/*", "setting": "shadow", "result": "set",
        "by": "ann", "why": "a sale\nof much", "until": None, "details": {"uid": 1000},
    }  # fmt: skip
    assert second["result"] == "ended"
    assert lost == []


def test_what_happened_before_a_restart_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit, _ = a_log(path)
    audit.record("drain", "sidecar", "on", "done", actor=ANN)
    audit.close(1.0)
    with path.open("ab") as file:
        file.write(b'\xff not a line\n{"time": "cut\n{}\n')
    again, _ = a_log(path)
    again.record("drain", "sidecar", "off", "done", actor=ANN)
    again.close(1.0)
    assert [one.setting for one in again.last(10)] == ["off", "on"]


def test_there_is_no_file_before_there_is_something_to_write(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit, _ = a_log(path)
    audit.close(1.0)
    assert not path.exists()


def test_what_cannot_be_written_is_counted_and_remembered_all_the_same(tmp_path: Path) -> None:
    audit, lost = a_log(tmp_path / "nowhere" / "audit.jsonl")
    audit.record("drain", "sidecar", "on", "done", actor=ANN)
    assert [one.action for one in audit.last(10)] == ["drain"]
    assert lost == [("io_error", 1)]


def test_a_full_disk_stops_nothing() -> None:
    audit, lost = a_log(Path("/dev/full"))
    audit.record("drain", "sidecar", "on", "done", actor=ANN)
    audit.close(1.0)
    assert lost == [("disk_full", 1)]
    assert len(audit.last(10)) == 1


def test_no_more_is_remembered_than_is_needed(tmp_path: Path) -> None:
    audit, _ = a_log(tmp_path / "audit.jsonl")
    for number in range(REMEMBERED + 5):
        audit.record("drain", str(number), "on", "done", actor=ANN)
    audit.close(5.0)
    assert len(audit.last(10_000)) == REMEMBERED
    assert [one.target for one in audit.last(2)] == [str(REMEMBERED + 4), str(REMEMBERED + 3)]


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    os.mkfifo(path)
    audit, lost = a_log(path)
    audit.record("drain", "sidecar", "on", "done", actor=ANN)
    audit.close(1.0)
    assert lost == [("io_error", 1)]
    assert len(audit.last(10)) == 1
