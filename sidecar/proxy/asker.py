"""What a connection to an endpoint tells the one whose request it carries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.model.http import RequestHead, ResponseHead
    from sidecar.model.outcome import Failure
    from sidecar.proxy.downstream import Downstream
    from sidecar.proxy.upstream import Upstream
    from sidecar.ruleset.routes import RuleSet


class Asker(ABC):
    """A request on a connection, or waiting for one."""

    request: RequestHead
    downstream: Downstream
    #: The rule set that the request began with.
    rules: RuleSet
    #: The whole request has been received and passed on.
    request_sent = True
    #: When the answer's head had come.
    heard = 0.0

    @abstractmethod
    def granted(self, connection: Upstream) -> None:
        """Here is the connection that was waited for."""

    @abstractmethod
    def attempt_failed(self, failure: Failure, detail: str = "") -> None:
        """There will be no whole answer. Told once per attempt, as its last word."""

    @abstractmethod
    def interim_response(self, head: ResponseHead) -> None:
        """A 1xx other than 101."""

    @abstractmethod
    def response_begin(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        """The final head, and the beginning or all of the body that came with it."""

    @abstractmethod
    def response_body(self, payload: bytes) -> None:
        """More of the body."""

    @abstractmethod
    def response_last(self, payload: bytes, trailers: list[bytes]) -> None:
        """The end of the body, and what came with it."""

    @abstractmethod
    def tunnel_begin(self, head: ResponseHead, data: bytes) -> None:
        """The upstream switched protocols."""

    @abstractmethod
    def tunnel_down(self, data: bytes) -> None:
        """Bytes of whatever is spoken now."""

    @abstractmethod
    def tunnel_ended(self, *, from_upstream: bool) -> None:
        """One side sends nothing more; the other may go on."""

    @abstractmethod
    def tunnel_closed(self) -> None:
        """The upstream's connection is gone."""
