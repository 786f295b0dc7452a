"""Turns what was counted into the metric families that prometheus-client writes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import Metric as Family
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

from sidecar.telemetry.cells import HistogramCell
from sidecar.telemetry.declaration import Metric
from sidecar.telemetry.metrics import Meters
from sidecar.telemetry.series import Row, series


def families(service: str, rows: Iterable[tuple[Metric, Iterable[Row]]]) -> Iterator[Family]:
    """These rows as families, each whole."""
    for metric, of_metric in rows:
        family = _family(metric)
        for values, value in of_metric:
            labels = dict(zip(metric.label_names, (service, *values), strict=True))
            family.samples.extend(_samples(metric, labels, value))
        yield family


def family_parts(meters: Meters, samples_per_part: int) -> Iterator[Family]:
    """Every family of ours, in parts of about ``samples_per_part`` samples.

    The parts of one family follow each other. Each series is read whole when its part is made,
    so the caller may let the loop run between two parts.
    """
    for metric, rows in series(meters):
        part = _family(metric)
        for values, value in rows:
            labels = dict(zip(metric.label_names, (meters.service, *values), strict=True))
            part.samples.extend(_samples(metric, labels, value))
            if len(part.samples) >= samples_per_part:
                yield part
                part = _family(metric)
        if part.samples:
            yield part


def _family(metric: Metric) -> Family:
    return Family(metric.family, metric.help, metric.kind.value, metric.unit)


def _samples(
    metric: Metric, labels: dict[str, str], value: float | HistogramCell
) -> Iterable[Sample]:
    if isinstance(value, HistogramCell):
        return _histogram_samples(metric.name, labels, value)
    return (Sample(metric.name, labels, value),)


def _histogram_samples(name: str, labels: dict[str, str], cell: HistogramCell) -> Iterator[Sample]:
    edges = (*map(floatToGoString, cell.bounds), "+Inf")
    for index, cumulated in enumerate(accumulate(cell.counts)):
        yield Sample(
            f"{name}_bucket",
            {**labels, "le": edges[index]},
            cumulated,
            None,
            _exemplar(cell, index),
        )
    yield Sample(f"{name}_count", labels, cell.count)
    yield Sample(f"{name}_sum", labels, cell.total)


def _exemplar(cell: HistogramCell, index: int) -> Exemplar | None:
    kept = cell.exemplars.get(index)
    if kept is None:
        return None
    labels = {"trace_id": kept.trace_id}
    if kept.span_id:
        labels["span_id"] = kept.span_id
    return Exemplar(labels, kept.value, round(kept.at, 3))
