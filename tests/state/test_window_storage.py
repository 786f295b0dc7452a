"""The storages by themselves; what the library decides with them is in test_windows."""

from __future__ import annotations

import pytest

from sidecar.state.window_storage import (
    FixedWindows,
    MomentLogs,
    SlidingWindows,
    microseconds,
)

WINDOW = 1000


@pytest.mark.parametrize(
    "seconds, whole", [(1.0, 1_000_000), (0.001, 1000), (0.1, 100_000), (2.3, 2_300_000), (0, 1)]
)
def test_lengths_of_time_are_whole_microseconds(seconds: float, whole: int) -> None:
    assert microseconds(seconds) == whole


@pytest.mark.parametrize("storage", [FixedWindows(9), SlidingWindows(9), MomentLogs(9)])
def test_a_storage_does_not_forget_on_demand(
    storage: FixedWindows | SlidingWindows | MomentLogs,
) -> None:
    assert storage.check()
    assert storage.base_exceptions == ()
    for ask in (storage.reset, lambda: storage.clear("key")):
        with pytest.raises(NotImplementedError):
            ask()
    if isinstance(storage, SlidingWindows):
        with pytest.raises(NotImplementedError):
            storage.clear_sliding_window("key", WINDOW)


@pytest.mark.parametrize("storage", [SlidingWindows(9), MomentLogs(9)])
def test_only_fixed_windows_count_one_by_one(storage: SlidingWindows | MomentLogs) -> None:
    for ask in (
        lambda: storage.incr("key", WINDOW),
        lambda: storage.get("key"),
        lambda: storage.get_expiry("key"),
    ):
        with pytest.raises(NotImplementedError):
            ask()


def test_a_fixed_window_begins_with_its_first_request() -> None:
    storage = FixedWindows(9)
    storage.at = 700
    assert (storage.get("key"), storage.get_expiry("key")) == (0, 700)
    assert [storage.incr("key", WINDOW), storage.incr("key", WINDOW, 3)] == [1, 4]
    assert storage.get_expiry("key") == 1700
    storage.at = 1699
    assert storage.get("key") == 4
    storage.at = 1700
    assert storage.get("key") == 0
    assert storage.incr("key", WINDOW) == 1


def test_sliding_windows_follow_the_clock() -> None:
    storage = SlidingWindows(9)
    storage.at = 1500
    assert storage.acquire_sliding_window_entry("key", 5, WINDOW, 4)
    assert storage.get_sliding_window("key", WINDOW) == (0, 500, 4, 1500)
    storage.at = 2250
    assert storage.get_sliding_window("key", WINDOW) == (4, 750, 0, 1750)
    assert storage.counted("key", WINDOW) == 3
    assert not storage.acquire_sliding_window_entry("key", 5, WINDOW, 3)
    assert storage.acquire_sliding_window_entry("key", 5, WINDOW, 2)
    storage.at = 4000
    assert storage.get_sliding_window("key", WINDOW)[::2] == (0, 0)


def test_logs_keep_no_more_moments_than_they_may() -> None:
    storage = MomentLogs(100, moments_at_most=10)
    for at in range(8):
        storage.at = at
        assert storage.acquire_entry(f"key-{at}", 3, WINDOW, 3)
    assert len(storage.rows) == 3
    assert storage.rows.moments == 9
    assert storage.rows.evictions == 5


def test_a_log_is_trimmed_to_what_may_still_decide() -> None:
    storage = MomentLogs(2)
    for at in range(0, 10_000 * WINDOW, WINDOW):
        storage.at = at
        assert storage.acquire_entry("key", 2, WINDOW)
    assert storage.rows.moments < 100
    row = storage.rows.get("key")
    assert row is not None
    assert len(row[1]) == storage.rows.moments
    assert storage.get_moving_window("key", 2, WINDOW) == (storage.at, 1)
    assert storage.get_moving_window("stranger", 2, WINDOW) == (storage.at, 0)
