"""The data sources: where Grafana reads metrics, logs, spans and traces, and how they are linked.

An exemplar of a metric leads to its trace, a trace to its log records, a log record back to its
trace: each data source names the next one by its uid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.wanted import LOGS, PROMETHEUS, SPANS, TRACES, Wanted

#: In ``jsonData``, which Grafana keeps as it is: there is no other place for a mark.
MARK: Final = {"managedBy": "sidecar"}
NAMES: Final[Mapping[str, str]] = {
    PROMETHEUS: "Sidecar Prometheus",
    LOGS: "Sidecar logs",
    SPANS: "Sidecar spans",
    TRACES: "Sidecar traces",
}
#: What stands in logs a moment before or after its span does.
_AROUND: Final = "1m"


class Place(msgspec.Struct, frozen=True):
    """Where a server is as Grafana sees it, and as whom Grafana asks it."""

    url: str
    user: str = ""
    password: SecretText | None = None
    #: The whole header ``Authorization``, in place of a user.
    authorization: SecretText | None = None
    #: The authorities that Grafana believes, PEM; its system's when left out.
    authorities: SecretText | None = None


class Places(msgspec.Struct, frozen=True):
    """What Grafana reads from; what is left out is left as it is."""

    prometheus: Place | None = None
    elasticsearch: Place | None = None
    traces: Place | None = None
    #: How often Prometheus scrapes: no rate is asked over less.
    scrape_interval: str = "15s"


def sources(places: Places) -> list[Wanted]:
    """The data sources that are wanted."""
    wanted = []
    if places.traces is not None:
        to_logs = places.elasticsearch is not None
        wanted.append(_source(TRACES, "jaeger", places.traces, _traces(to_logs=to_logs)))
    if places.elasticsearch is not None:
        to_traces = places.traces is not None
        for uid, more in ((LOGS, _LOGS), (SPANS, _SPANS)):
            links = {"dataLinks": _TO_TRACES} if to_traces else {}
            found = _source(uid, "elasticsearch", places.elasticsearch, {**more, **links})
            wanted.append(found)
    if places.prometheus is not None:
        asked: dict[str, Any] = {"httpMethod": "POST", "timeInterval": places.scrape_interval}
        if places.traces is not None:
            asked["exemplarTraceIdDestinations"] = _EXEMPLARS
        wanted.append(_source(PROMETHEUS, "prometheus", places.prometheus, asked))
    return wanted


_LOGS: Final[Mapping[str, Any]] = {
    "index": "logs-*.otel-*",
    "timeField": "@timestamp",
    "logMessageField": "body.text",
    "logLevelField": "severity_text",
}
_SPANS: Final[Mapping[str, Any]] = {
    "index": "traces-*.otel-*",
    "timeField": "@timestamp",
    "logMessageField": "name",
    "logLevelField": "status.code",
}
_TO_TRACES: Final = [
    {
        "field": "trace_id",
        "url": "${__value.raw}",
        "urlDisplayLabel": "The trace",
        "datasourceUid": TRACES,
    }
]
_EXEMPLARS: Final = [{"name": "trace_id", "datasourceUid": TRACES, "urlDisplayLabel": "The trace"}]


def _traces(*, to_logs: bool) -> dict[str, Any]:
    drawn: dict[str, Any] = {"nodeGraph": {"enabled": True}}
    if not to_logs:
        return drawn
    return drawn | {
        "tracesToLogsV2": {
            "datasourceUid": LOGS,
            "spanStartTimeShift": f"-{_AROUND}",
            "spanEndTimeShift": _AROUND,
            "filterByTraceID": False,
            "filterBySpanID": False,
            "customQuery": True,
            "query": 'trace_id:"${__span.traceId}"',
        }
    }


def _source(uid: str, kind: str, place: Place, more: Mapping[str, Any]) -> Wanted:
    data: dict[str, Any] = {**MARK, **more}
    secrets: dict[str, SecretText] = {}
    if place.password is not None:
        secrets["basicAuthPassword"] = place.password
    if place.authorization is not None:
        data["httpHeaderName1"] = "Authorization"
        secrets["httpHeaderValue1"] = place.authorization
    if place.authorities is not None:
        data["tlsAuthWithCACert"] = True
        secrets["tlsCACert"] = place.authorities
    body = {
        "uid": uid,
        "name": NAMES[uid],
        "type": kind,
        "access": "proxy",
        "url": place.url,
        "basicAuth": bool(place.user),
        "basicAuthUser": place.user,
        "jsonData": data,
    }
    return Wanted(uid, body, f"data source {uid}", secrets=secrets)
