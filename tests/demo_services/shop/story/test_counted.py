from __future__ import annotations

from demo_services.shop.story.counted import Counted, Decisions

EXPOSITION = """
# TYPE sidecar_decisions_total counter
sidecar_decisions_total{service="s",kind="rate_limits",rule="a",mode="enforce",outcome="admitted"} 7
sidecar_decisions_total{service="s",kind="rate_limits",rule="a",mode="enforce",outcome="refused"} 3
sidecar_decisions_total{service="s",kind="rate_limits",rule="a",mode="shadow",outcome="refused"} 2
sidecar_decisions_total{service="s",kind="access",rule="a",mode="enforce",outcome="refused"} 9
# TYPE sidecar_rules_last_reload_successful gauge
sidecar_rules_last_reload_successful{service="s"} 1
"""


def test_decisions_of_one_rule_in_whatever_mode() -> None:
    counted = Counted(EXPOSITION)
    assert counted.decisions("rate_limits", "a") == Decisions(7, 5, 0)
    assert counted.decisions("rate_limits", "b") == Decisions()


def test_series_are_added_by_their_labels() -> None:
    counted = Counted(EXPOSITION)
    assert counted.total("sidecar_decisions_total", {"outcome": "refused"}) == 14
    assert counted.total("sidecar_rules_last_reload_successful") == 1
    assert counted.total("nothing") == 0


def test_what_was_decided_between_two_moments() -> None:
    assert Decisions(7, 5, 1).since(Decisions(2, 1)) == Decisions(5, 4, 1)
