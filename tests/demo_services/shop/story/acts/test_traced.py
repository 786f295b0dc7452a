from __future__ import annotations

from pathlib import Path

import pytest

from demo_services.shop.story.acts.traced import Traced
from demo_services.shop.story.operating import Said
from sidecar.traces.trace import StoredEvent, StoredSpan
from tests.demo_services.shop.stages import stage

SERVICES = ("storefront", "order", "inventory", "warehouse")


def _span(service: str, kind: str, number: str, parent: str, resend: int = 0) -> StoredSpan:
    events: tuple[StoredEvent, ...] = ()
    if (service, kind) == ("inventory", "internal"):
        events = (StoredEvent(1, "sidecar.decision", {}), StoredEvent(2, "sidecar.breaker", {}))
    return StoredSpan(
        trace_id="t", span_id=number, parent_id=parent, name="GET", kind=kind, start=1, end=2,
        attributes={"http.request.resend_count": resend} if resend else {},
        resource={"service.name": service}, events=events,
    )  # fmt: skip


def _spans() -> list[StoredSpan]:
    """As they are when all goes as it should."""
    spans, above = [], ""
    for service in SERVICES:
        spans.append(_span(service, "server", f"{service}-s", above))
        spans.append(_span(service, "client", f"{service}-a", f"{service}-s"))
        if service != SERVICES[-1]:
            spans.append(_span(service, "internal", f"{service}-i", f"{service}-a"))
            spans.append(_span(service, "client", f"{service}-c", f"{service}-i"))
            above = f"{service}-c"
    spans.append(_span("inventory", "client", "inventory-again", "inventory-i", resend=1))
    spans.append(_span("warehouse", "server", "warehouse-again", "inventory-again"))
    spans.append(_span("warehouse", "client", "warehouse-app", "warehouse-again"))
    return spans


def _broken(folder: Path, spans: list[StoredSpan], statuses: tuple[int, ...] = (201, 201)) -> int:
    act = Traced()
    act.spans, act.statuses = spans, [*statuses]
    act.said = Said("sidecar trace t", 0, "trace t") if spans else None
    return sum(not check.kept for check in act.checks(stage(folder)))


def test_all_is_kept_when_all_is_right(tmp_path: Path) -> None:
    assert _broken(tmp_path, _spans()) == 0


@pytest.mark.parametrize("number", [f"{service}-s" for service in SERVICES])
def test_a_span_that_is_missing_breaks_it(tmp_path: Path, number: str) -> None:
    assert _broken(tmp_path, [span for span in _spans() if span.span_id != number]) >= 1


def test_a_second_try_without_its_number_breaks_it(tmp_path: Path) -> None:
    spans = [
        _span("inventory", "client", span.span_id, span.parent_id)
        if span.span_id == "inventory-again"
        else span
        for span in _spans()
    ]
    assert _broken(tmp_path, spans) == 1


def test_an_order_that_fails_breaks_it(tmp_path: Path) -> None:
    assert _broken(tmp_path, _spans(), (201, 503)) == 1


def test_without_any_trace_nothing_of_it_is_kept(tmp_path: Path) -> None:
    assert _broken(tmp_path, []) == 3
