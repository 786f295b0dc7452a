from __future__ import annotations

from sidecar.export.item import Signal
from sidecar.export.ledger import Ledger
from tests.export.items import make_item


def test_what_became_of_items_is_counted_by_signal_and_reason() -> None:
    ledger = Ledger()
    ledger.taken([make_item(1), make_item(2, Signal.TRACES)])
    ledger.dropped(Signal.LOGS, "torn")
    ledger.all_dropped([make_item(3), make_item(4)], "queue_full")
    ledger.requested(0.5, failed=False)
    ledger.requested(1.5, failed=True)
    assert ledger.sent == {Signal.LOGS: 1, Signal.TRACES: 1}
    assert ledger.lost == {Signal.LOGS: {"torn": 1, "queue_full": 2}}
    assert (ledger.requests_ok, ledger.requests_failed, ledger.seconds.total) == (1, 1, 2.0)
