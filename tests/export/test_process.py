from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.export.frames import Begin, End, encode_frame, report_reader
from sidecar.export.process import ExporterProcess, socket_pair
from sidecar.export.settings import ExportSettings
from sidecar.telemetry.signals import Resource


def test_one_that_is_told_to_end_ends_and_has_reported() -> None:
    ours, theirs = socket_pair()
    process = ExporterProcess(theirs)
    assert theirs.fileno() < 0
    assert os.getpgid(process.pid) == process.pid
    with ours:
        ours.settimeout(20)
        ours.sendall(encode_frame(Begin(Resource({}), ExportSettings())))
        ours.sendall(encode_frame(End(1.0)))
        data = b""
        while more := ours.recv(65_536):
            data += more
    process.end(20.0)
    (report,) = report_reader().feed(data)
    assert report.received["logs"] == 0
    assert report.resident_bytes > 1_000_000


def test_one_that_does_not_end_is_killed() -> None:
    ours, theirs = socket_pair()
    with ours:
        process = ExporterProcess(theirs)
        process.end(0.0)
    assert process._child.returncode == -9


def test_a_service_with_modules_named_like_pythons_does_not_break_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("resource", "secrets", "elasticsearch"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(7)\n")
    monkeypatch.chdir(tmp_path)
    ours, theirs = socket_pair()
    process = ExporterProcess(theirs)
    with ours:
        ours.settimeout(20)
        ours.sendall(encode_frame(Begin(Resource({}), ExportSettings())))
        ours.sendall(encode_frame(End(1.0)))
        assert ours.recv(65_536)
    process.end(20.0)
    assert process._child.returncode == 0
