"""TLS on listeners and towards upstreams: verified by default, renewed without a restart."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import UpstreamTls


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """PEM files of a listener; ``client_certificate`` is none, request or require."""

    cert: str
    key: str
    client_ca: str = ""
    client_certificate: str = "none"


#: Time of change, size and inode of a file.
_Stamp = tuple[int, int, int]

_CLIENT_CERTIFICATE = {
    "none": ssl.CERT_NONE,
    "request": ssl.CERT_OPTIONAL,
    "require": ssl.CERT_REQUIRED,
}


class ListenerContext:
    """A listener's TLS context, made anew when its files change."""

    def __init__(self, settings: ListenerTls) -> None:
        """Load the files. Raises ``OSError`` or ``ssl.SSLError`` when that cannot be done."""
        self._settings = settings
        self._seen = self._signature()
        #: For new connections; those that are open keep the one that they were opened with.
        self.context = _listener_context(settings)

    def renew(self) -> bool:
        """Load the files again if they have changed; whether they had.

        Raises ``OSError`` or ``ssl.SSLError`` when the new ones cannot be used; the old ones
        then stay in use, and the next change is tried again.
        """
        signature = self._signature()
        if signature == self._seen:
            return False
        self._seen = signature
        # A new context: an old one would still believe whom the new files no longer name, and
        # would resume sessions of theirs.
        self.context = _listener_context(self._settings)
        return True

    def _signature(self) -> tuple[_Stamp, ...]:
        return _signature(self._settings.cert, self._settings.key, self._settings.client_ca)


def certified_names(tls: ssl.SSLObject | ssl.SSLSocket) -> tuple[bytes, ...]:
    """The DNS names and URIs in the certificate that a peer has shown, which was verified.

    Names of hosts are in lower case. Empty when the peer has shown none, or was not asked.
    """
    certificate = tls.getpeercert()
    names: Any = certificate.get("subjectAltName", ()) if certificate else ()
    return tuple(
        (name.lower() if kind == "DNS" else name).encode("utf-8", "surrogateescape")
        for kind, name in names
        if kind in {"DNS", "URI"}
    )


def _listener_context(settings: ListenerTls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.verify_mode = _CLIENT_CERTIFICATE[settings.client_certificate]
    context.load_cert_chain(settings.cert, settings.key)
    if settings.client_ca:
        context.load_verify_locations(settings.client_ca)
    return context


def _signature(*paths: str) -> tuple[_Stamp, ...]:
    return tuple(_stamp(path) for path in paths if path)


def _stamp(path: str) -> _Stamp:
    try:
        status = Path(path).stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)


class UpstreamContext:
    """The TLS context of connections to an upstream, made anew when its files change."""

    def __init__(self, tls: UpstreamTls) -> None:
        self._tls = tls
        self._seen: tuple[_Stamp, ...] = ()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """For a new connection; those that are open keep the one that they were opened with.

        New files that cannot be used leave the old ones in use until they change again. Raises
        ``OSError`` or ``ssl.SSLError`` when no files could be used yet.
        """
        before = self._context
        signature = _signature(self._tls.ca, self._tls.cert, self._tls.key)
        if before is not None and signature == self._seen:
            return before
        self._seen = signature
        try:
            self._context = upstream_context(self._tls)
        except OSError:
            # ``ssl.SSLError`` is one, too. A certificate and its key are not renewed in one step.
            if before is None:
                raise
            return before
        return self._context


def upstream_context(tls: UpstreamTls) -> ssl.SSLContext:
    """The context for connections to an upstream; raises ``OSError`` or ``ssl.SSLError``."""
    context = ssl.create_default_context(cafile=tls.ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if tls.cert:
        context.load_cert_chain(tls.cert, tls.key or None)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
