from __future__ import annotations

import msgspec

from demo_services.load.report import Second
from demo_services.shop.story.sparks import bars, totals
from tests.demo_services.shop.reports import second


def test_counts_are_added_and_latencies_are_those_of_the_busiest() -> None:
    busy, idle = second(1, admitted=40, refused=3).clients[0], second(1, admitted=2).clients[0]
    idle = msgspec.structs.replace(idle, p99_ms=900.0)
    sums = totals(Second(second=1, clients=(idle, busy)))
    assert (sums.offered, sums.admitted, sums.refused) == (45, 42, 3)
    assert sums.p99_ms == busy.p99_ms


def test_bars_show_the_highest_as_full_and_nothing_as_nothing() -> None:
    shown = [totals(second(1, admitted=100)), totals(second(2, admitted=1, refused=50)),
             totals(second(3, admitted=0))]  # fmt: skip
    served, refused, _ = (line.plain for line in bars(shown, unicode=True))
    assert served.endswith("in █▁ ")
    assert refused.endswith("refused  ▄ ")
    plain, _, _ = (line.plain for line in bars(shown, unicode=False))
    assert plain.isascii()


def test_without_a_second_there_are_empty_bars() -> None:
    assert [line.plain.strip() for line in bars([], unicode=True)] == ["in", "refused", "p99"]
