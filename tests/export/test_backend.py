from __future__ import annotations

from sidecar.export.backend import TAKEN, failed
from tests.export.items import make_item


def test_what_failed_as_a_whole_is_tried_again_as_a_whole() -> None:
    delivery = failed([make_item(1), make_item(2)], "nobody answers", retry_after=3.0)
    assert list(delivery.again) == [0, 1]
    assert delivery.retry_after == 3.0
    assert delivery.error == "nobody answers"


def test_what_was_taken_asks_for_nothing() -> None:
    assert not TAKEN.again
    assert not TAKEN.refused
    assert not TAKEN.error
