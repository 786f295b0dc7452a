"""The networks of a list file: looked up in one binary search, replaced as a whole."""

from __future__ import annotations

from math import inf

from sidecar.algorithms.networks import DatedNetworks


class NetworkList:
    """The same object for as long as a rule set names the file; its networks change.

    Expiry is by the wall time that was handed in last. Before the first ``advance`` nothing has
    expired.
    """

    __slots__ = ("_networks", "_now")

    def __init__(self, networks: DatedNetworks) -> None:
        self._networks = networks
        self._now = -inf

    def contains(self, number: int) -> bool:
        """Whether the address with this number is in a network that has not expired."""
        return self._networks.contains(number, self._now)

    def advance(self, wall_now: float) -> None:
        """It is ``wall_now``, in seconds since 1970."""
        self._now = wall_now

    def replace(self, networks: DatedNetworks) -> None:
        """Put other networks in force, all at once."""
        self._networks = networks

    def __len__(self) -> int:
        """How many networks there are, those that have expired included."""
        return len(self._networks)
