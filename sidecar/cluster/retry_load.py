"""How many requests to an upstream are being tried again at the moment."""

from __future__ import annotations


class RetryLoad:
    """One per upstream name, the same object over reloads."""

    __slots__ = ("resting", "retrying")

    def __init__(self) -> None:
        #: Requests whose last attempt was a repeated one, or will be.
        self.retrying = 0
        #: Those of them that wait before they try.
        self.resting = 0
