from __future__ import annotations

from sidecar.cluster.retry_load import RetryLoad
from sidecar.proxy.recourse import Recourse


def counts(load: RetryLoad) -> tuple[int, int]:
    return load.retrying, load.resting


def test_a_request_is_counted_once_from_its_wait_to_its_answer() -> None:
    load, recourse = RetryLoad(), Recourse()
    recourse.count_in(load)
    assert counts(load) == (1, 1)
    recourse.wake()
    recourse.wake()
    assert counts(load) == (1, 0)
    recourse.count_out()
    recourse.count_out()
    assert counts(load) == (0, 0)


def test_one_that_ends_while_it_waits_is_counted_out() -> None:
    load, recourse = RetryLoad(), Recourse()
    recourse.count_in(load)
    recourse.count_out()
    recourse.wake()
    assert counts(load) == (0, 0)


def test_it_may_be_tried_again_and_again() -> None:
    load, recourse = RetryLoad(), Recourse()
    for _ in range(3):
        recourse.count_in(load)
        recourse.wake()
        recourse.count_out()
    assert counts(load) == (0, 0)
