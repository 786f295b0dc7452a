from __future__ import annotations

from benchmarks.telling import DROPPED, SENT, count

PAGE = """\
# TYPE sidecar_telemetry_sent_total counter
sidecar_telemetry_sent_total{service="bench",exporter="otlp",signal="traces"} 20
sidecar_telemetry_sent_total{service="bench",exporter="otlp",signal="logs"} 1.5e+01
sidecar_telemetry_dropped_total{service="bench",exporter="otlp",signal="logs",reason="full"} 0
process_open_fds{service="bench"} 17
process_threads 3
"""


def test_all_series_of_a_metric_count() -> None:
    assert count(PAGE, SENT) == 35
    assert count(PAGE, DROPPED) == 0
    assert count(PAGE, "process_threads") == 3
