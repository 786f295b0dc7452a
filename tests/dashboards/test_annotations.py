from __future__ import annotations

import pytest

from tests.dashboards.generated import BOARDS, Json, board


def _marks(name: str) -> dict[str, Json]:
    return {one["name"]: one for one in board(name)["annotations"]["list"]}


@pytest.mark.parametrize("name", BOARDS)
def test_every_dashboard_marks_what_was_changed(name: str) -> None:
    marks = _marks(name)
    reloads = marks["Rules went live"]
    assert reloads["useValueForTime"] is True
    assert reloads["expr"].endswith(" * 1000"), "Grafana counts milliseconds"
    assert "sidecar_controls_active" in marks["Held by hand"]["expr"]
    assert 'state="open"' in marks["Breaker open"]["expr"]
    # The target and the mark itself are what older and newer Grafanas ask.
    asked = [one for one in marks.values() if "expr" in one]
    assert all(one["target"]["expr"] == one["expr"] for one in asked)


@pytest.mark.parametrize("name", BOARDS)
def test_events_in_words_are_off_until_somebody_wants_them(name: str) -> None:
    words = _marks(name)["In words"]
    assert words["enable"] is False
    assert words["datasource"] == {"type": "elasticsearch", "uid": "${logs}"}
    assert words["textField"] == "body.text"
    assert "/${service:regex}/" in words["target"]["query"], "all services are `.+`"
