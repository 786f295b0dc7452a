from __future__ import annotations

import json

from sidecar.offline.explained import as_data, as_text, facts_in_words
from tests.offline.test_explain import explained


def test_a_refusal_reads_like_this() -> None:
    text = as_text(explained("GET /orders", "x-user: ann", client="203.0.113.9")).plain
    assert text.splitlines()[:3] == [
        "GET /orders from 203.0.113.9",
        "  route orders, upstream app, priority medium",
        "  keys user = ann, ip = 203.0.113.9",
    ]
    assert "  ✗ access/scalpers             refuses with 403 access_denied  shop.yaml:" in text
    assert "      why: They buy everything." in text
    assert "rate_limits/each            admits (not asked)" in text
    assert "rate_limits/other-upstream  not concerned: it is for what goes to spare" in text
    assert text.endswith("It is answered with 403: This request is not allowed.")


def test_what_goes_on_is_said_to_go_on() -> None:
    assert as_text(explained("GET /")).plain.endswith("It goes on to app.")


def test_when_to_come_back_is_said() -> None:
    text = as_text(explained("GET /", number=3)).plain
    assert "Too many requests. Come back in 0.2 s." in text
    assert "      limit 5/s, burst 2, available 0, per user, retry after 0.2" in text


def test_the_same_as_data() -> None:
    data = json.loads(json.dumps(as_data(explained("GET /", number=3))))
    assert data["outcome"] == "refuses"
    assert data["decisive_rule"] == "rate_limits/each"
    decisive = next(one for one in data["rules"] if one["rule"] == data["decisive_rule"])
    assert decisive["answer"] == {
        "status": 429,
        "reason": "rate_limited",
        "detail": "Too many requests.",
    }
    assert decisive["asked"]
    assert as_data(explained("GET /"))["outcome"] == "goes on"


def test_numbers_are_short() -> None:
    assert facts_in_words({"retry_after": 1 / 3, "limit": "5/s"}) == (
        "retry after 0.333333, limit 5/s"
    )
