from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.policy import Facts
from sidecar.telemetry.decision_words import because


@pytest.mark.parametrize(
    "kind, facts, words",
    [
        ("rate_limits", {"limit": "5/s", "burst": 10}, "over 5/s, 10 at once"),
        ("rate_limits", {"limit": "5/s"}, "over 5/s"),
        (
            "concurrency",
            {"in_flight": 8, "at_most": 8, "queued": 2, "queue_at_most": 2,
             "because": "the line is full"},
            "the line is full, 8 of 8 slots taken, 2 of 2 places in line",
        ),
        ("access", {"list": "deny", "key": "client_ip"}, "on its deny list by client_ip"),
        ("access", {"list": "allow", "key": "user, team"}, "on no list by user, team"),
        (
            "overload",
            {"priority": "low", "shed_share": 0.5, "cpu": 0.93, "queue_delay": 0.012},
            "sheds 50% of low, cpu 93%, queue delay 12ms",
        ),
        ("overload", {"priority": "low", "shed_share": 0.5, "cpu": "unknown"}, "sheds 50% of low"),
        (
            "breakers",
            {"state": "half_open", "opened_by": "probes", "next_probe_seconds": 0.5},
            "it is half open (probes), next probe in 0.5s",
        ),
        ("breakers", {"state": "open", "forced": "open"}, "it is open (an operator)"),
        ("trust", {"problem": "not_yet_valid"}, "not yet valid"),
        ("faults", {}, ""),
        ("something-new", {"x": 1}, ""),
    ],
)  # fmt: skip
def test_each_kind_says_it_in_its_own_words(kind: str, facts: Facts, words: str) -> None:
    assert because(kind, facts) == words


@given(
    st.sampled_from(("rate_limits", "concurrency", "access", "overload", "breakers", "trust")),
    st.dictionaries(
        st.sampled_from(("limit", "burst", "shed_share", "cpu", "state", "key", "in_flight")),
        st.text(max_size=5) | st.floats(),
    ),
)
def test_there_are_words_for_any_facts(kind: str, facts: Facts) -> None:
    assert isinstance(because(kind, facts), str)
