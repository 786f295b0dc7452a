from __future__ import annotations

from pathlib import Path

from demo_services.shop.story.logged import decision, events

LOG = """\
{"time":"2026-01-12T09:30:00.500000Z","event_name":"sidecar.request","span_id":"00f067aa0ba902b7"}
{"time":"2026-01-12T09:30:01.000000Z","event_name":"sidecar.breaker","body":"stock is open"}
{"time":"2026-01-12T09:30:02.000000Z","event_name":"sidecar.breaker","body":"stock is half open"}
{"time":"2026-01-12T09:30:03.000000Z","event_name":"sidecar.breaker","body":"stock is cl"""


def test_events_of_one_kind_that_are_written_whole(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(LOG)
    first, second = events(log, "sidecar.breaker")
    assert (first.body, second.body) == ("stock is open", "stock is half open")
    assert second.at - first.at == 1.0
    assert events(log, "sidecar.reload") == []


def test_the_line_about_a_decision(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(LOG)
    line = decision(log, "00f067aa0ba902b7")
    assert line is not None
    assert line.text == LOG.splitlines()[0]
    assert line.body == ""
    assert decision(log, "0000000000000000") is None


def test_no_log_is_no_events(tmp_path: Path) -> None:
    assert events(tmp_path / "none", "sidecar.breaker") == []
