from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.policy import Mode, Rule
from sidecar.telemetry.access_log import AccessLog, attribute_name
from sidecar.telemetry.evidence import Evidence, Finding, Said
from sidecar.telemetry.metrics import LOGS, Meters
from tests.telemetry.exchanges import FALLBACK, REFUSED, SHADOW_HIT
from tests.telemetry.records import make_record

_SECONDS: Final = 10.0
_ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)


def no_offset() -> float:
    return 0.0


def dropped(meters: Meters) -> dict[str, int]:
    return {reason: count for reason, count in meters.drops[LOGS].counts.items() if count}


def read(path: Path) -> list[dict[str, Any]]:
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "sidecar.log"


@pytest.fixture(autouse=True)
def _empty(path: Path) -> None:
    path.unlink(missing_ok=True)


def test_a_line_for_each_record_in_their_order(path: Path) -> None:
    log = AccessLog(str(path), Meters("order"), no_offset)
    log.feed([make_record(status=200 + number) for number in range(3)])
    log.feed([])
    log.feed([make_record(status=203)])
    log.close(_SECONDS)
    assert [line["http.response.status_code"] for line in read(path)] == [200, 201, 202, 203]


@given(
    method=_ANY_TEXT,
    host=st.binary(max_size=40),
    target=st.binary(max_size=3000),
    client=st.binary(max_size=40),
    trace_id=st.binary(max_size=40),
    endpoint=_ANY_TEXT,
    rule=_ANY_TEXT,
    seconds=st.floats(0, 1e6),
)
def test_whatever_is_in_a_record_a_line_is_one_line_of_json(path: Path, **fields: Any) -> None:
    path.unlink(missing_ok=True)
    meters = Meters("order")
    log = AccessLog(str(path), meters, no_offset)
    log.feed([make_record(), make_record(**fields), make_record()])
    log.close(_SECONDS)
    lines = read(path)
    assert len(lines) == 3
    assert lines[1]["event_name"] == "sidecar.request"
    assert dropped(meters) == {}


@given(
    text=_ANY_TEXT,
    attributes=st.dictionaries(
        _ANY_TEXT, st.one_of(_ANY_TEXT, st.integers(), st.floats(), st.lists(_ANY_TEXT, max_size=3))
    ),
)
def test_whatever_an_event_tells_a_line_is_one_line_of_json(
    path: Path, text: str, attributes: dict[str, Any]
) -> None:
    path.unlink(missing_ok=True)
    log = AccessLog(str(path), Meters("order"), no_offset)
    log.log_event("sidecar.reload", "INFO", text, **attributes)
    log.close(_SECONDS)
    [line] = read(path)
    assert line["event_name"] == "sidecar.reload"
    assert line["service.name"] == "order"


def test_an_event_is_told_with_the_names_of_the_catalogue(path: Path) -> None:
    log = AccessLog(str(path), Meters("order"))
    log.log_event(
        "sidecar.started", "INFO", "order is served", version="1-ab", pid=7, inbound="[::]:80"
    )
    log.close(_SECONDS)
    [line] = read(path)
    assert line.pop("time").endswith("Z")
    assert line == {
        "severity": "INFO",
        "event_name": "sidecar.started",
        "service.name": "order",
        "body": "order is served",
        "sidecar.rules.version": "1-ab",
        "process.pid": 7,
        "sidecar.inbound": "[::]:80",
    }


def test_an_attribute_cannot_take_the_place_of_what_every_line_has(path: Path) -> None:
    log = AccessLog(str(path), Meters("order"), no_offset)
    log.log_event("sidecar.reload", "INFO", "new", **{"service.name": "other"})
    log.close(_SECONDS)
    assert read(path)[0]["service.name"] == "order"


def test_keywords_stand_for_attributes() -> None:
    assert attribute_name("version") == "sidecar.rules.version"
    assert attribute_name("inbound") == "sidecar.inbound"
    assert attribute_name("http.route") == "http.route"


def test_with_none_events_alone_are_told_on_standard_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    meters = Meters("order")
    log = AccessLog("none", meters)
    log.feed([make_record()])
    log.log_event("sidecar.stopped", "INFO", "stopped")
    log.close(_SECONDS)
    told = capfd.readouterr()
    assert told.out == ""
    assert [json.loads(line)["event_name"] for line in told.err.splitlines()] == ["sidecar.stopped"]
    assert dropped(meters) == {}


def test_stdout_gets_requests_and_events(capfd: pytest.CaptureFixture[str]) -> None:
    log = AccessLog("stdout", Meters("order"))
    log.feed([make_record()])
    log.log_event("sidecar.stopped", "INFO", "stopped")
    log.close(_SECONDS)
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["event_name"] for line in lines] == ["sidecar.request", "sidecar.stopped"]


def test_a_path_that_cannot_be_opened_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        AccessLog(str(tmp_path), Meters("order"))


def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    meters = Meters("order")
    log = AccessLog("/dev/full", meters)
    log.feed([make_record()] * 5)
    log.log_event("sidecar.reload", "INFO", "new")
    log.close(_SECONDS)
    assert dropped(meters) == {"disk_full": 6}


def test_a_blocked_pipe_costs_bounded_memory_and_exactly_what_did_not_fit(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    meters = Meters("order")
    log = AccessLog(str(fifo), meters, no_offset, queue_bytes=200_000)
    for _ in range(100):
        log.feed([make_record()] * 100)
    line_bytes = 600
    assert meters.drops[LOGS].counts["queue_full"] >= 10_000 - (200_000 + 65_536) // line_bytes * 2
    log.close(0.01)
    received = b""
    while piece := os.read(reader, 1 << 20):
        received += piece
    os.close(reader)
    assert received.count(b"\n") + sum(dropped(meters).values()) == 10_000
    assert all(json.loads(line) for line in received[: received.rfind(b"\n")].splitlines())


def test_a_pipe_without_reader_is_refused_and_one_that_loses_it_costs_lines(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    meters = Meters("order")
    with pytest.raises(OSError, match="No such device"):
        AccessLog(str(fifo), meters)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    log = AccessLog(str(fifo), meters, no_offset)
    os.close(reader)
    log.feed([make_record()] * 3)
    log.close(_SECONDS)
    assert dropped(meters) == {"broken_pipe": 3}


def test_reopening_after_a_rotation_loses_nothing(path: Path) -> None:
    meters = Meters("order")
    log = AccessLog(str(path), meters, no_offset)
    rotated = path.with_suffix(".1")
    log.feed([make_record(status=200)])
    log.close(_SECONDS)
    log = AccessLog(str(path), meters, no_offset)
    path.rename(rotated)
    log.reopen()
    log.feed([make_record(status=201)])
    log.close(_SECONDS)
    assert [line["http.response.status_code"] for line in read(rotated)] == [200]
    assert [line["http.response.status_code"] for line in read(path)] == [201]
    assert dropped(meters) == {}


def test_a_decision_has_a_line_after_the_one_of_its_request(path: Path) -> None:
    log = AccessLog(str(path), Meters("order"), no_offset)
    log.feed([REFUSED, make_record(), FALLBACK])
    log.close(_SECONDS)
    names = [line["event_name"].removeprefix("sidecar.") for line in read(path)]
    assert names == ["request", "decision", "request", "request", "decision", "decision"]


def test_no_decisions_when_nobody_wants_them(path: Path) -> None:
    log = AccessLog(str(path), Meters("order"), no_offset)
    log.choose(1.0, decisions=False)
    log.feed([REFUSED])
    log.close(_SECONDS)
    assert [line["event_name"] for line in read(path)] == ["sidecar.request"]


def test_what_passed_has_no_line_when_the_share_is_none_and_what_went_wrong_has(
    path: Path,
) -> None:
    log = AccessLog(str(path), Meters("order"), no_offset)
    log.choose(0.0, decisions=True)
    log.feed([make_record(), SHADOW_HIT])
    log.feed([make_record(status=500)])
    log.close(_SECONDS)
    lines = read(path)
    assert [line["event_name"] for line in lines] == ["sidecar.decision", "sidecar.request"]
    assert lines[0]["sidecar.rule.mode"] == "shadow"


def test_at_a_higher_level_there_are_failures_alone(path: Path) -> None:
    log = AccessLog(str(path), Meters("order"), no_offset)
    log.level = "WARN"
    log.feed([REFUSED, make_record(status=503)])
    log.close(_SECONDS)
    assert [line["http.response.status_code"] for line in read(path)] == [503]


def test_a_rule_file_whose_path_is_no_unicode_costs_no_line(path: Path) -> None:
    rule = Rule("access", "bots", Mode.ENFORCE, "sh\udcffp.yaml:3")
    evidence = Evidence(None, (Finding(rule, Said.REFUSED, {"list": "deny"}),))
    log = AccessLog(str(path), Meters("order"), no_offset)
    log.feed([make_record(evidence=evidence)])
    log.close(_SECONDS)
    assert read(path)[1]["sidecar.rule.source"] == "sh\\udcffp.yaml:3"
