from __future__ import annotations

import json

import msgspec
import pytest

from demo_services.pager.message import lines


def message(*alerts: object) -> bytes:
    return json.dumps({"receiver": "page", "alerts": alerts}).encode()


def test_an_alert_is_one_line_with_what_it_is_about_where_and_why() -> None:
    told = {"summary": "breaker stock is open", "source": "shop.rules.yaml:12", "why": "slow"}
    alert = {"status": "firing", "labels": {"alertname": "X"}, "annotations": told}
    assert list(lines(message(alert), "page")) == [
        "page: firing: breaker stock is open (shop.rules.yaml:12) - slow"
    ]


def test_an_alert_without_words_is_called_by_its_name() -> None:
    alerts = ({"status": "resolved", "labels": {"alertname": "X"}}, {"status": "firing"})
    assert list(lines(message(*alerts), "t")) == ["t: resolved: X", "t: firing: ?"]


def test_what_is_sent_cannot_look_like_another_line() -> None:
    alert = {"status": "firing", "annotations": {"summary": "a\npage: resolved: b"}}
    assert list(lines(message(alert), "page")) == ["page: firing: a page: resolved: b"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"alerts": 1}', b'{"alerts": [{}]}'])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        list(lines(body, "page"))
