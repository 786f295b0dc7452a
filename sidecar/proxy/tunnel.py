"""After ``101 Switching Protocols``: bytes are passed both ways unread, WebSockets' and others'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.proxy.account import count_attempt
from sidecar.proxy.clock import clock
from sidecar.proxy.forwarder import NEVER
from sidecar.proxy.keeping import KEPT_LINE, is_kept
from sidecar.proxy.relay import Relay
from sidecar.wire.forwarding import BY_CLOSE, NO_BODY, response_head

if TYPE_CHECKING:
    from sidecar.model.http import ResponseHead


class Tunnel(Relay):
    """What an exchange turns into when the upstream agrees to an upgrade."""

    _half_ended = False

    def tunnel_begin(self, head: ResponseHead, data: bytes) -> None:
        """The upstream switched protocols: from here bytes are passed both ways unread."""
        self.status = 101
        self.below = self.below or (head.kept and self.route.asks)
        self.told = self.heard
        self.framing = BY_CLOSE
        self.deadline = self.try_deadline = NEVER
        self._held = None
        lines = [b"Connection: upgrade", b"Upgrade: " + head.asks_upgrade]
        self.downstream.write(response_head(head, NO_BODY, lines + self._tunnel_lines()))
        self.bytes_sent = len(data)
        if data:
            self.downstream.write(data)
        self.downstream.enter_tunnel()

    def _tunnel_lines(self) -> list[bytes]:
        lines = []
        if self.rules.trust.disclose != "none":
            lines.append(b"x-sidecar-decision: " + self.span_id)
        if self.tells and is_kept(self):
            lines.append(KEPT_LINE)
        return lines

    def tunnel_up(self, data: bytes) -> None:
        """Bytes from the client."""
        self.bytes_received += len(data)
        if self.upstream is not None:
            self.upstream.write(data)

    def tunnel_down(self, data: bytes) -> None:
        """Bytes from the upstream."""
        self.bytes_sent += len(data)
        self.downstream.write(data)

    def tunnel_ended(self, *, from_upstream: bool) -> None:
        """One side sends nothing more; the other may go on."""
        if from_upstream:
            self.downstream.end_writing()
        elif self.upstream is not None:
            self.upstream.end_writing()
        if self._half_ended and self.upstream is not None:
            # Both have said all; what is on its way still arrives before the connections close.
            self.upstream.transport.close()
        self._half_ended = True

    def tunnel_closed(self) -> None:
        """The upstream's connection is gone."""
        self._leave_upstream()
        count_attempt(self, 101, "", clock())
        self.downstream.close_after_flush()
        self._finish(None)
