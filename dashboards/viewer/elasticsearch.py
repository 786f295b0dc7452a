"""Questions to Elasticsearch, as Grafana puts them: a search each, by ``_msearch``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dashboards.viewer.buckets import bucket_frames
from dashboards.viewer.documents import document_frames
from dashboards.viewer.frames import Frame
from dashboards.viewer.http import Refused, post_lines
from dashboards.viewer.interpolation import Chosen, for_elasticsearch, interpolated
from dashboards.viewer.window import Window, duration

#: Metrics that are documents rather than numbers.
DOCUMENTS: Final = ("logs", "raw_data", "raw_document")
_MOST_DOCUMENTS: Final = 500
_MOST_TERMS: Final = 500


class Elasticsearch:
    """A data source: some indices, and the field that says when."""

    def __init__(self, url: str, index: str, time_field: str = "@timestamp") -> None:
        self.url = url.rstrip("/")
        self.index = index
        self._time_field = time_field

    def answer(
        self, target: Mapping[str, Any], chosen: Mapping[str, Chosen], window: Window
    ) -> list[Frame]:
        """The frames that a target of a panel gets. Raises Refused."""
        query = interpolated(target.get("query") or "*", chosen, for_elasticsearch)
        head = {
            "search_type": "query_then_fetch",
            "ignore_unavailable": True,
            "index": self.index,
        }
        body = self.search(target, query, window)
        (response,) = post_lines(f"{self.url}/_msearch", [head, body])["responses"]
        if "error" in response:
            raise Refused(f"{query}: {response['error'].get('reason', response['error'])}")
        ref, metrics = target["refId"], target["metrics"]
        if metrics[0]["type"] in DOCUMENTS:
            return [document_frames(ref, response["hits"]["hits"], self._time_field)]
        return bucket_frames(ref, response["aggregations"], target["bucketAggs"], metrics)

    def search(self, target: Mapping[str, Any], query: str, window: Window) -> dict[str, Any]:
        """The body of the search."""
        bounds = {
            "gte": round(window.start * 1000),
            "lte": round(window.end * 1000),
            "format": "epoch_millis",
        }
        filters = [
            {"range": {self._time_field: bounds}},
            {"query_string": {"analyze_wildcard": True, "query": query}},
        ]
        body: dict[str, Any] = {"query": {"bool": {"filter": filters}}}
        metric = target["metrics"][0]
        if metric["type"] in DOCUMENTS:
            settings = metric.get("settings") or {}
            most = int(settings.get("limit") or settings.get("size") or _MOST_DOCUMENTS)
            newest = {self._time_field: {"order": "desc", "unmapped_type": "boolean"}}
            return {**body, "size": most, "sort": [newest, {"_doc": {"order": "desc"}}]}
        aggregated = _aggregations(target["bucketAggs"], target["metrics"], window)
        return {**body, "size": 0, "aggs": aggregated}


def _aggregations(
    buckets: list[Mapping[str, Any]], metrics: list[Mapping[str, Any]], window: Window
) -> dict[str, Any]:
    if not buckets:
        return {one["id"]: _metric(one) for one in metrics if one["type"] != "count"}
    first, *rest = buckets
    inner = _aggregations(rest, metrics, window)
    ordered = _ordering_metric(first, metrics)
    below = {**inner, **ordered}
    return {first["id"]: {**_bucket(first, window), **({"aggs": below} if below else {})}}


def _ordering_metric(bucket: Mapping[str, Any], metrics: list[Mapping[str, Any]]) -> dict[str, Any]:
    """A metric that terms are ordered by has to stand right below them."""
    wanted = (bucket.get("settings") or {}).get("orderBy")
    return {one["id"]: _metric(one) for one in metrics if one["id"] == wanted and "field" in one}


def _metric(one: Mapping[str, Any]) -> dict[str, Any]:
    settings = {
        name: value
        for name, value in (one.get("settings") or {}).items()
        if name in {"percents", "precision_threshold", "missing"}
    }
    if "percents" in settings:
        settings["percents"] = [float(percent) for percent in settings["percents"]]
    return {one["type"]: {"field": one["field"], **settings}}


def _bucket(one: Mapping[str, Any], window: Window) -> dict[str, Any]:
    settings = one.get("settings") or {}
    if one["type"] == "date_histogram":
        interval = settings.get("interval") or "auto"
        every = duration(window.interval_seconds) if interval == "auto" else interval
        least = int(settings.get("min_doc_count") or 0)
        bounds = {"min": round(window.start * 1000), "max": round(window.end * 1000)}
        asked = {"field": one["field"], "fixed_interval": every, "min_doc_count": least}
        return {"date_histogram": {**asked, "extended_bounds": bounds, "format": "epoch_millis"}}
    if one["type"] == "filters":
        named = {
            each.get("label") or each["query"]: {
                "query_string": {"query": each["query"] or "*", "analyze_wildcard": True}
            }
            for each in settings["filters"]
        }
        return {"filters": {"filters": named}}
    if one["type"] != "terms":
        raise ValueError(f"buckets of {one['type']} are not known")
    return {"terms": _terms(one["field"], settings)}


def _terms(field: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    by = {"_term": "_key"}.get(settings.get("orderBy", "_term"), settings.get("orderBy"))
    asked: dict[str, Any] = {
        "field": field,
        "size": int(settings.get("size") or 0) or _MOST_TERMS,
        "order": {by: settings.get("order", "desc")},
    }
    if settings.get("min_doc_count"):
        asked["min_doc_count"] = int(settings["min_doc_count"])
    if settings.get("missing"):
        asked["missing"] = settings["missing"]
    return asked
