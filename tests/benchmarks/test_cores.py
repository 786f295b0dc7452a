from __future__ import annotations

import os

import pytest

from benchmarks import cores


@pytest.mark.parametrize(
    "allowed, proxy, load, apart",
    [
        ({0, 1}, 1, {0}, True),
        ({2, 5, 7}, 7, {2, 5}, True),
        ({3}, 3, {3}, False),
    ],
    ids=["two", "some", "one"],
)
def test_the_proxy_gets_the_last_core_to_itself(
    monkeypatch: pytest.MonkeyPatch, allowed: set[int], proxy: int, load: set[int], apart: bool
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed)

    split = cores.split()

    assert (split.proxy, set(split.load), split.apart) == (proxy, load, apart)


def test_a_core_that_is_not_there_has_no_time() -> None:
    with pytest.raises(LookupError, match="core 9999"):
        cores.core_time(9999)


def test_core_time_only_grows() -> None:
    core = min(os.sched_getaffinity(0))

    before, after = cores.core_time(core), cores.core_time(core)

    assert 0 <= before.busy <= before.total
    assert after.total >= before.total
