"""Where panels ask: data sources as variables, so that a dashboard fits whatever Grafana has."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models.common import DataSourceRef

#: Counters, gauges and histograms.
PROMETHEUS: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
#: What the sidecars have written: requests, decisions, events (``logs-*.otel-*``).
LOGS: Final = DataSourceRef(type_val="elasticsearch", uid="${logs}")
#: Spans as documents, to be counted and searched (``traces-*.otel-*``).
SPANS: Final = DataSourceRef(type_val="elasticsearch", uid="${spans}")
#: Traces as waterfalls, by ``sidecar traces serve``.
TRACES: Final = DataSourceRef(type_val="jaeger", uid="${traces}")
