"""Sets of networks that are asked whether an address is in them, however many there are.

Addresses are 128-bit numbers: IPv6 as it is, IPv4 as IPv4-mapped (RFC 4291, 2.5.5.2), so that one
search serves both families and a dual-stack socket changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from heapq import merge
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from math import inf

#: What ``address_number`` says of something that is no address.
NO_ADDRESS = -1

_MAPPED_PREFIX = 0xFFFF
_MAPPED_FIRST = _MAPPED_PREFIX << 32
_MAPPED_END = _MAPPED_FIRST + (1 << 32)
#: Past the last address.
_BEYOND = 1 << 128
#: How many ranges are sorted in one go; it takes less than a millisecond.
_SORTED_AT_ONCE = 2048


def address_number(text: bytes) -> int:
    """The address as a 128-bit number, ``NO_ADDRESS`` when ``text`` is none.

    ``10.0.0.1`` and ``::ffff:10.0.0.1`` are the same; the zone of ``fe80::1%eth0`` is left out.
    """
    if b":" not in text:
        return _ipv4_number(text)
    try:
        return int(IPv6Address(text.decode("ascii")))
    except ValueError:
        return NO_ADDRESS


class Networks:
    """A set of networks. Its size costs a look-up next to nothing: one binary search."""

    __slots__ = ("_bounds",)

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        #: First number in, first number out again, and so on, ascending.
        self._bounds = _merged(part for network in networks for part in ranges(network))

    def contains(self, number: int) -> bool:
        """Whether the address with this number is in one of the networks."""
        return bisect_right(self._bounds, number) & 1 == 1

    def __bool__(self) -> bool:
        return bool(self._bounds)


def _ipv4_number(text: bytes) -> int:
    # By hand: behind a proxy this runs for every request, and ``ipaddress`` takes thrice as long.
    octets = text.split(b".")
    if len(octets) != 4:
        return NO_ADDRESS
    number = _MAPPED_PREFIX
    for octet in octets:
        # A leading zero means octal to some readers and decimal to others: it is no address.
        if not octet.isdigit() or len(octet) > 3 or (octet[0] == 0x30 and len(octet) > 1):
            return NO_ADDRESS
        value = int(octet)
        if value > 255:
            return NO_ADDRESS
        number = number << 8 | value
    return number


def ranges(network: IPv4Network | IPv6Network) -> Iterator[tuple[int, int]]:
    """The network's numbers, from first to past the last.

    A wide IPv6 network such as ``::/0`` does not take the IPv4 addresses in that are mapped
    into its range: who means these too writes ``0.0.0.0/0`` beside it.
    """
    first = int(network.network_address)
    end = first + network.num_addresses
    if isinstance(network, IPv4Network):
        yield _MAPPED_FIRST + first, _MAPPED_FIRST + end
    elif first < _MAPPED_FIRST and end >= _MAPPED_END:
        yield first, _MAPPED_FIRST
        yield _MAPPED_END, end
    else:
        yield first, end


def _merged(ranges: Iterable[tuple[int, int]]) -> list[int]:
    bounds: list[int] = []
    for first, end in sorted(ranges):
        if bounds and first <= bounds[-1]:
            bounds[-1] = max(bounds[-1], end)
        else:
            bounds += first, end
    return bounds


class DatedNetworks:
    """Networks that each hold until a moment; asking is one binary search.

    Where one network lies in another, an address holds for as long as the longer of the two.
    """

    __slots__ = ("_size", "_starts", "_until")

    def __init__(self, networks: list[tuple[int, int, float]]) -> None:
        """Of each network the first number, the one past the last, and its end of validity."""
        self._size = len(networks)
        #: Where another end of validity begins to hold, ascending, and which one that is.
        self._starts: list[int] = []
        self._until: list[float] = [-inf]
        self._lay_out(_sorted_in_slices(networks))

    def contains(self, number: int, now: float) -> bool:
        """Whether the address with this number is in a network that holds beyond ``now``."""
        return self._until[bisect_right(self._starts, number)] > now

    def __len__(self) -> int:
        return self._size

    def _lay_out(self, ranges: Iterable[tuple[int, int, float]]) -> None:
        # Two networks are one within the other or apart: a stack knows all that are open.
        within: list[tuple[int, float]] = []
        for first, end, until in ranges:
            self._close(within, first)
            longest = max(until, within[-1][1]) if within else until
            within.append((end, longest))
            self._begin(first, longest)
        self._close(within, _BEYOND)

    def _close(self, within: list[tuple[int, float]], first: int) -> None:
        """Leave the networks that end before ``first``."""
        while within and within[-1][0] <= first:
            end = within.pop()[0]
            self._begin(end, within[-1][1] if within else -inf)

    def _begin(self, start: int, until: float) -> None:
        if self._starts and self._starts[-1] == start:
            self._until[-1] = until
        else:
            self._starts.append(start)
            self._until.append(until)


def _sorted_in_slices(
    ranges: list[tuple[int, int, float]],
) -> Iterable[tuple[int, int, float]]:
    # One sort of a hundred thousand would hold the interpreter, and so the loop, for its length.
    slices = (ranges[at : at + _SORTED_AT_ONCE] for at in range(0, len(ranges), _SORTED_AT_ONCE))
    return merge(*(sorted(slice_, key=_widest_first) for slice_ in slices), key=_widest_first)


def _widest_first(one: tuple[int, int, float]) -> tuple[int, int]:
    return one[0], -one[1]
