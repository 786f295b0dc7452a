"""What an exchange keeps once something has gone wrong; most exchanges never have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidecar.cluster.retry_load import RetryLoad
    from sidecar.ruleset.routes import Clause


class Recourse:
    """The retries of one exchange."""

    __slots__ = ("_load", "rests", "retried_by", "retries")

    def __init__(self) -> None:
        self.retries = 0
        #: The rule that asked for the last retry.
        self.retried_by: Clause[Any] | None = None
        #: Whether the next try is still to come.
        self.rests = False
        self._load: RetryLoad | None = None

    def count_in(self, load: RetryLoad) -> None:
        """From now on the request is one that is tried again, and waits."""
        self._load = load
        self.rests = True
        load.retrying += 1
        load.resting += 1

    def wake(self) -> None:
        """The wait is over."""
        if self._load is not None and self.rests:
            self.rests = False
            self._load.resting -= 1

    def count_out(self) -> None:
        """The try has had its answer, or none is wanted any more."""
        self.wake()
        if self._load is not None:
            self._load.retrying -= 1
            self._load = None
