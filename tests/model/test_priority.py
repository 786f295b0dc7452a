from __future__ import annotations

from sidecar.model.http import RequestHead
from sidecar.model.priority import CRITICAL, HIGH, LEVELS, LOW, MEDIUM, WORDS


def test_levels_are_in_the_order_in_which_they_are_shed() -> None:
    assert LOW < MEDIUM < HIGH < CRITICAL
    assert [LEVELS[word] for word in WORDS] == [LOW, MEDIUM, HIGH, CRITICAL]


def test_a_request_of_which_nobody_says_more_is_in_the_middle() -> None:
    assert RequestHead("GET", b"/", 1).priority == MEDIUM
