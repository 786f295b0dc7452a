"""The networks of a list file in memory."""

from __future__ import annotations

from math import inf

from sidecar.algorithms.network_list import NetworkList
from sidecar.algorithms.networks import NO_ADDRESS, DatedNetworks, address_number


def test_networks_end_with_the_clock_and_are_replaced_as_a_whole() -> None:
    listed = NetworkList(DatedNetworks([(10, 20, 100.0), (30, 31, inf)]))
    assert len(listed) == 2
    assert listed.contains(19)
    assert not listed.contains(20)
    listed.advance(100.0)
    assert not listed.contains(19)
    assert listed.contains(30)
    listed.replace(DatedNetworks([(0, 5, 99.0), (5, 6, 101.0)]))
    assert [listed.contains(number) for number in (4, 5, 30)] == [False, True, False]


def test_who_has_no_address_is_in_no_list() -> None:
    everywhere = NetworkList(DatedNetworks([(0, 1 << 128, inf)]))
    assert everywhere.contains(address_number(b"192.0.2.1"))
    assert not everywhere.contains(NO_ADDRESS)
