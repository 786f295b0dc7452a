"""The listeners of one sidecar: which there are, and in what order they close."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from sidecar.model.addresses import Address
from sidecar.proxy.clock import clock
from sidecar.proxy.drain import drain
from sidecar.proxy.listener import Listener
from sidecar.proxy.tls import ListenerContext, ListenerTls
from sidecar.ruleset.directions import INBOUND, OUTBOUND, local
from sidecar.settings import CannotStart

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from sidecar.proxy.engine import Engine
    from sidecar.ruleset.schema import RuleFile
    from sidecar.telemetry.access_log import AccessLog

#: What calls the last requests still need may take, when inbound used all the time there was.
_LAST_CALLS_SECONDS: Final = 1.0
_A_LOCAL_PORT: Final = Address("127.0.0.1", 0)


def wanted(file: RuleFile, local_ports: Iterable[str]) -> dict[str, Address]:
    """Where to listen, by the name of each listener; ``local_ports`` names upstreams."""
    listeners = file.listeners
    found = {INBOUND: listeners.inbound.bind}
    if listeners.outbound is not None:
        found[OUTBOUND] = listeners.outbound.bind
    for name in local_ports:
        found[local(name)] = file.upstreams[name].local or _A_LOCAL_PORT
    return found


def in_attributes(addresses: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Where a sidecar listens, as its log tells it."""
    own = [name for name in addresses if name.startswith(local(""))]
    told: dict[str, str | list[str]] = {
        name: address for name, address in addresses.items() if name not in own
    }
    if own:
        told["local"] = [f"{name.removeprefix(local(''))}={addresses[name]}" for name in own]
    return told


class Listening:
    """All listeners: one for clients, the others for the service's own calls."""

    def __init__(
        self, engine: Engine, sockets: Mapping[str, socket.socket], tls: ListenerContext | None
    ) -> None:
        """``sockets`` may hold others too; who is no listener is left alone."""
        self._engine = engine
        self.inbound = Listener(engine, INBOUND, sockets[INBOUND], tls)
        self.outbound = [
            Listener(engine, name, sock, None)
            for name, sock in sockets.items()
            if name == OUTBOUND or name.startswith(local(""))
        ]

    @property
    def every(self) -> list[Listener]:
        """All of them."""
        return [self.inbound, *self.outbound]

    async def open_outbound(self) -> None:
        """Take the calls of the service, which may begin with some."""
        for listener in self.outbound:
            await listener.start()

    async def open_inbound(self) -> None:
        """Take requests."""
        await self.inbound.start()

    def stop_accepting(self) -> None:
        """Somebody else accepts at the same sockets from now on."""
        for listener in self.every:
            listener.stop_accepting()

    def abort(self) -> None:
        """Cut everything."""
        for listener in self.every:
            listener.abort()

    async def drain_inbound(self, seconds: float, hurried: Callable[[], bool]) -> None:
        """Let running requests end, while the calls that they need go on."""
        self.inbound.stop_accepting()
        await drain(self._engine, self.inbound, seconds, hurried)

    async def drain_outbound(self, until: float, hurried: Callable[[], bool]) -> None:
        """Let the calls that still run end; ``until`` is a time of the clock."""
        for listener in self.outbound:
            listener.stop_accepting()
        for listener in self.outbound:
            seconds = max(until - clock(), _LAST_CALLS_SECONDS)
            await drain(self._engine, listener, seconds, hurried)


def certificate(file: RuleFile, base: Path) -> ListenerContext | None:
    """What clients are shown; None for plain HTTP. Raises ``CannotStart``."""
    spec = file.listeners.inbound.tls
    if spec is None:
        return None
    settings = ListenerTls(
        str(base / spec.cert),
        str(base / spec.key),
        str(base / spec.client_ca) if spec.client_ca else "",
        spec.client_certificate.value,
    )
    try:
        return ListenerContext(settings)
    except (OSError, ssl.SSLError) as error:
        message = f"the listener's certificate cannot be used: {error}"
        raise CannotStart(message) from error


class Renewal:
    """Looks at the files of the listener's certificate."""

    def __init__(self, context: ListenerContext | None, log: AccessLog) -> None:
        self._context = context
        self._log = log

    def look(self) -> None:
        """Use a new certificate, if there is one."""
        if self._context is None:
            return
        try:
            renewed = self._context.renew()
        except (OSError, ssl.SSLError) as error:
            self._log.log_event(
                "sidecar.certificate", "ERROR", f"the certificate stays as it is: {error}"
            )
            return
        if renewed:
            self._log.log_event("sidecar.certificate", "INFO", "a new certificate is in use")
