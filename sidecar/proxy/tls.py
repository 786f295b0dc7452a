"""TLS on listeners and towards upstreams: verified by default, renewed without a restart."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import UpstreamTls


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """PEM files of a listener; ``client_certificate`` is none, request or require."""

    cert: str
    key: str
    client_ca: str = ""
    client_certificate: str = "none"


_CLIENT_CERTIFICATE = {
    "none": ssl.CERT_NONE,
    "request": ssl.CERT_OPTIONAL,
    "require": ssl.CERT_REQUIRED,
}


class ListenerContext:
    """A listener's TLS context, renewed when its files change.

    New connections get the new certificate; those that are open keep theirs.
    """

    def __init__(self, settings: ListenerTls) -> None:
        """Load the files. Raises ``OSError`` or ``ssl.SSLError`` when that cannot be done."""
        self._settings = settings
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.verify_mode = _CLIENT_CERTIFICATE[settings.client_certificate]
        self._seen = self._signature()
        self._load()

    def renew(self) -> bool:
        """Load the files again if they have changed; whether they had.

        Raises ``OSError`` or ``ssl.SSLError`` when the new ones cannot be used; the old ones
        then stay in use, and the next change is tried again.
        """
        signature = self._signature()
        if signature == self._seen:
            return False
        self._seen = signature
        # A trial first: a certificate that does not fit its key must not half replace the old.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            self._settings.cert, self._settings.key
        )
        self._load()
        return True

    def _load(self) -> None:
        self.context.load_cert_chain(self._settings.cert, self._settings.key)
        if self._settings.client_ca:
            self.context.load_verify_locations(self._settings.client_ca)

    def _signature(self) -> tuple[tuple[int, int, int], ...]:
        paths = (self._settings.cert, self._settings.key, self._settings.client_ca)
        return tuple(_stamp(path) for path in paths if path)


def _stamp(path: str) -> tuple[int, int, int]:
    try:
        status = Path(path).stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)


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
