"""An address that clients connect to: who is let in, and how the door closes.

A listener is handed sockets that listen already, so that a new process can take them over from
an old one without a moment in which nobody listens.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from sidecar.algorithms.networks import address_number
from sidecar.proxy.acceptor import Acceptor
from sidecar.proxy.clock import clock
from sidecar.proxy.peer import UNIX, Peer
from sidecar.proxy.service_peer import ServicePeer
from sidecar.ruleset.directions import INBOUND, OUTBOUND
from sidecar.telemetry.record import ExchangeRecord
from sidecar.wire.rejection import Rejected

if TYPE_CHECKING:
    from sidecar.proxy.downstream import Downstream
    from sidecar.proxy.engine import Engine
    from sidecar.proxy.tls import ListenerContext
    from sidecar.ruleset.routes import ListenerRules, RuleSet
    from sidecar.telemetry.metrics import ServerMeters

#: A kept-alive connection that has been quiet for this long is closed while draining; a client
#: that is about to send has by then been told "Connection: close" on an earlier answer.
_QUIET_SECONDS: Final = 1.0
#: Reasons that turn a connection away before its first request; no request is counted then.
_REFUSES_CONNECTIONS: Final = frozenset({"too_many_connections", "too_many_connections_of_client"})


class Listener:
    """The connections of one listening socket."""

    def __init__(
        self,
        engine: Engine,
        door: str,
        sock: socket.socket,
        tls: ListenerContext | None,
    ) -> None:
        """``door`` is ``inbound``, ``outbound`` or ``local/UPSTREAM``."""
        self.engine = engine
        self.door = door
        #: In which direction requests go here, for metrics and logs.
        self.name = name = INBOUND if door == INBOUND else OUTBOUND
        self.socket = sock
        self.tls = tls
        self.meters = engine.meters.listener(name, "https" if tls else "http")
        self.server_meters: dict[str, ServerMeters] = {}
        self.connections: set[Downstream] = set()
        self._clients: dict[bytes, int] = {}
        #: Clients that are here, handshakes under way included.
        self._present = 0
        self._stopped = False
        #: No new connections, and no more requests on those there are than can be helped.
        self.draining = False
        self._acceptor = Acceptor(self)

    @property
    def rules(self) -> ListenerRules:
        """What the rules in force ask of clients here."""
        return self.engine.rules.listener(self.door)

    async def start(self) -> None:
        """Accept connections."""
        await self._acceptor.start()

    def stop_accepting(self) -> None:
        """Accept no more; connections that are open go on."""
        self.draining = True
        if not self._stopped:
            self._stopped = True
            self._acceptor.stop()

    def meet(
        self, rules: RuleSet, address: bytes, scheme: bytes, certified: tuple[bytes, ...] = ()
    ) -> Peer:
        """A client as ``rules`` see it; ``certified`` are the names in its certificate."""
        engine = self.engine
        if self.name == INBOUND:
            return Peer(rules, self.door, engine.pseudonym, address, scheme, certified)
        return ServicePeer(rules, self.door, engine.outbound_pseudonym, address, scheme)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is here, nor about to come in."""
        return not self.connections and not self._acceptor.opening

    def idle_seconds(self) -> float:
        """How long a kept-alive connection may be quiet."""
        return _QUIET_SECONDS if self.draining else self.rules.keep_alive

    # --- called by the acceptor

    def arrived(self, address: bytes) -> bool:
        """Somebody wants to come in; whether they may.

        Over plain HTTP there is always room to be told that there is none. A TLS handshake is too
        much work for that, and takes up room while it lasts.
        """
        if self.tls is None:
            return True
        self._count(address)
        refused = self._no_room(address)
        if refused is not None:
            self.turned_away(address, refused.reason)
        return refused is None

    def turned_away(self, address: bytes, reason: str) -> None:
        """Whoever had arrived did not come in."""
        self.meters.connections_total += 1
        self.meters.connections_refused(reason)
        if self.tls is not None:
            self._forget(address)

    # --- called by connections

    def opened(self, downstream: Downstream) -> Rejected | None:
        """A client has connected. Returns why it cannot stay; None when it can."""
        meters = self.meters
        meters.connections_total += 1
        meters.connections_open += 1
        self.connections.add(downstream)
        if self.tls is None:
            self._count(downstream.address)
        return self._no_room(downstream.address)

    def closed(self, downstream: Downstream) -> None:
        """A client's connection is gone."""
        self.connections.discard(downstream)
        self.meters.connections_open -= 1
        self._forget(downstream.address)

    def _no_room(self, address: bytes) -> Rejected | None:
        """Why a client that was counted cannot stay; None when it can."""
        limits = self.rules.limits
        if self._present > limits.connections:
            return Rejected(503, "too_many_connections", "too many connections are open")
        if self._clients[address] > limits.connections_per_client:
            proxies = self.engine.rules.trust.proxies
            # Many clients share a proxy, and whatever comes through a Unix socket.
            if address != UNIX and not proxies.contains(address_number(address)):
                detail = "too many connections are open from this address"
                return Rejected(503, "too_many_connections_of_client", detail)
        return None

    def _count(self, address: bytes) -> None:
        self._present += 1
        self._clients[address] = self._clients.get(address, 0) + 1

    def _forget(self, address: bytes) -> None:
        self._present -= 1
        count = self._clients[address] - 1
        if count:
            self._clients[address] = count
        else:
            del self._clients[address]

    def rejected(self, downstream: Downstream, rejected: Rejected) -> None:
        """A client was turned away that has sent no request, or none that could be read."""
        count = self.meters.rejected
        if rejected.reason in _REFUSES_CONNECTIONS:
            count = self.meters.connections_refused
        count(rejected.reason)
        engine = self.engine
        span = b"%016x" % engine.getrandbits(64)
        engine.records.append(
            ExchangeRecord(
                clock(), 0.0, 0.0, self.name, "", b"", b"", "", rejected.status, rejected.reason,
                "", downstream.address, 0, 0, "", "", 0, b"", span, b"", False, (),
                engine.rules.version,
            )
        )  # fmt: skip

    # --- the end

    def abort(self) -> None:
        """Cut every connection."""
        for downstream in list(self.connections):
            downstream.transport.abort()
        self._acceptor.abort()
