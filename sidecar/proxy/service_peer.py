"""The service itself, calling its upstreams: believed in everything, and left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.proxy.peer import Peer
from sidecar.wire.forwarding import service_stamp
from sidecar.wire.rejection import METHOD_NOT_SUPPORTED, Rejected

if TYPE_CHECKING:
    from sidecar.model.http import RequestHead
    from sidecar.ruleset.routes import RuleSet

_NO_TUNNELS = (
    "no tunnels are made here, for rules could not see into them: unset HTTPS_PROXY, call the "
    "upstream by http://, and give its url in the rules as https:// (RFC 9110, 9.3.6)"
)


class ServicePeer(Peer):
    """The near end of what goes out, as one rule set sees it."""

    __slots__ = ("_authority", "_keeps_host")

    is_service = True

    def __init__(
        self, rules: RuleSet, listener: str, pseudonym: bytes, address: bytes, scheme: bytes
    ) -> None:
        super().__init__(rules, listener, pseudonym, address, scheme)
        ours = rules.listener(listener)
        self._authority = ours.authority
        self._keeps_host = ours.keeps_host
        self.is_believed = True
        self.names = rules.names_believed
        self.is_proxy = True
        self.stamp = b"Via: 1.1 %b\r\n" % pseudonym

    def introduce(self, request: RequestHead) -> bytes:
        """Fill in what the service asks for; returns the lines that tell the upstream.

        Raises ``Rejected`` for a target or a Host that cannot be read in one way only.
        """
        if request.method == "CONNECT":
            raise Rejected(405, METHOD_NOT_SUPPORTED, _NO_TUNNELS)
        stamp = super().introduce(request)
        if self._authority and not self._keeps_host(request.host):
            # The address of a port on this machine, which means nothing elsewhere.
            self._take_authority(request, self._authority)
        return stamp

    def _introduce_proxied(self, request: RequestHead) -> bytes:
        self._count_hops(request)
        self._believe_proxy(request)
        return service_stamp(request, self._pseudonym)
