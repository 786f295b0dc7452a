from __future__ import annotations

from sidecar.cluster.retry_load import RetryLoad


def test_nothing_is_tried_again_at_first() -> None:
    load = RetryLoad()
    assert (load.retrying, load.resting) == (0, 0)
