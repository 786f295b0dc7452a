from __future__ import annotations

from sidecar.commands.alerts_text import alert_lines, counted
from tests.alerting.examples import RECORDED, breaker, burn, group

GROUPS = [group(RECORDED, breaker()), group(burn())]


def test_who_is_told_of_what_and_where_it_stands() -> None:
    assert [line.plain for line in alert_lines(GROUPS)] == [
        "page    SidecarBreakerOpen  breakers/inventory  order.rules.yaml:12",
        "        inventory is left alone: … of SERVICE, for 10s",
        "ticket  SidecarSloBurn",
        "        more than 1.44% of requests are bad",
    ]


def test_severity_is_seen_by_colour() -> None:
    lines = list(alert_lines(GROUPS))
    assert "red" in str(lines[0].spans[0].style)
    assert "yellow" in str(lines[2].spans[0].style)


def test_counts() -> None:
    assert counted(GROUPS) == "2 alerts, 1 page"
    assert counted([group(breaker())]) == "1 alert, 1 page"
    assert counted([]) == "0 alerts, 0 pages"
