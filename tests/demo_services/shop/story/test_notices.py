from __future__ import annotations

import msgspec
import pytest

from demo_services.shop.story.notices import Notices, ended
from tests.demo_services.shop.notices import alert, message


def test_each_alert_of_a_webhook_is_told_with_its_place_and_why() -> None:
    notices = Notices()
    first = alert("SidecarBreakerOpen", rule="stock")
    notices.take("/page", message(first, alert("SidecarAbsent", "order")))
    assert [one.words() for one in notices.all] == [
        "page: SidecarBreakerOpen of stock of storefront (storefront.rules.yaml:12): they see it",
        "page: SidecarAbsent of order (storefront.rules.yaml:12): they see it",
    ]


def test_the_end_of_one_is_told_too() -> None:
    notices = Notices()
    notices.take("/ticket", message(alert(status="resolved", slo="quick")))
    [one] = notices.all
    assert not one.fires
    assert one.words() == "ticket: SidecarDegraded of quick of storefront has ended"


def test_what_began_again_has_not_ended() -> None:
    notices = Notices()
    for status in ("firing", "resolved"):
        notices.take("/page", message(alert(status=status), alert("Other", status=status)))
    assert len(ended(notices.all)) == 2
    notices.take("/page", message(alert()))
    assert ended(notices.all).keys() == {one.key for one in notices.all if one.name == "Other"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"alerts": [{}]}'])
def test_what_is_no_webhook_is_refused_and_changes_nothing(body: bytes) -> None:
    notices = Notices()
    with pytest.raises(msgspec.MsgspecError):
        notices.take("/page", body)
    assert notices.all == []
