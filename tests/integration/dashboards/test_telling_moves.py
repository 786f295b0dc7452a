"""Panels about telemetry itself show what befalls it, and count what is sent."""

from __future__ import annotations

import pytest

from tests.integration.dashboards.moves import Move, assert_tells, moving
from tests.integration.dashboards.seen import QUIET, STILL_QUIET
from tests.integration.dashboards.telling import ALL_OF_IT, NAMESPACE, TELLER, Told
from tests.integration.dashboards.telling_moves import MOVES
from tests.servers.elasticsearch import ElasticsearchServer

pytestmark = [pytest.mark.integration, pytest.mark.alone]


@pytest.mark.parametrize("name, title, phase, move", moving(MOVES))
def test_a_panel_moves(telling: Told, name: str, title: str, phase: str, move: Move) -> None:
    assert_tells(telling, name, title, phase, move)


@pytest.mark.parametrize("phase", [QUIET, STILL_QUIET, ALL_OF_IT])
def test_what_is_sent_is_what_there_was_to_tell(telling: Told, phase: str) -> None:
    """But for what is lost, which is counted, too."""
    counted = telling.counted("telemetry", "Sent", phase, TELLER)
    assert sum(counted.values()) == pytest.approx(
        telling.expected[phase] - telling.lost[phase], rel=0.02
    )


@pytest.mark.parametrize("phase", [QUIET, STILL_QUIET, ALL_OF_IT])
def test_what_is_sent_is_there(
    telling: Told, stage_documents: ElasticsearchServer, phase: str
) -> None:
    counted = telling.counted("telemetry", "Sent", phase, TELLER)
    window = telling.windows[phase]
    between = {"gte": f"{window.start:.3f}", "lte": f"{window.end:.3f}", "format": "epoch_second"}
    filters = [{"range": {"@timestamp": between}}, {"exists": {"field": "trace_id"}}]
    pattern = f"traces-*.otel-{NAMESPACE}*,logs-*.otel-{NAMESPACE}*"
    there = stage_documents.count(pattern, {"bool": {"filter": filters}})
    assert sum(counted.values()) == pytest.approx(there, rel=0.02)


def test_losses_are_only_counted_where_there_are_any(telling: Told) -> None:
    assert telling.lost[QUIET] == telling.lost[STILL_QUIET] == 0
    assert telling.lost[ALL_OF_IT] > 0


def test_the_exporter_is_as_large_as_the_kernel_says(telling: Told) -> None:
    [series] = telling.answered("telemetry", "Exporter memory", STILL_QUIET).frames
    [memory] = series.numbers
    assert memory.values[-1] == pytest.approx(telling.exporter_memory_bytes, rel=0.1)
