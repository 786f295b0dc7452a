"""Which upstream a request names by its host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from sidecar.model.addresses import Address
from sidecar.model.hosts import HostKey, host_key

if TYPE_CHECKING:
    from sidecar.ruleset.schema import RuleFile
    from sidecar.ruleset.sections import UpstreamSpec

T = TypeVar("T")

#: The port of a URL of the scheme ``http`` that names none.
_HTTP_PORT: Final = b"80"
#: Spellings of hosts that are remembered.
_REMEMBERED_AT_MOST: Final = 1024


class HostTable(Generic[T]):
    """Finds what a host stands for; one that is claimed without a port stands for any port."""

    def __init__(self, claims: Iterable[tuple[HostKey, T]]) -> None:
        self._claims = dict(claims)
        self._known: dict[bytes, T] = {}

    def find(self, host: bytes) -> T | None:
        """What ``host``, as a request wrote it, stands for."""
        found = self._known.get(host)
        if found is not None:
            return found
        name, port = host_key(host)
        found = self._claims.get((name, port or _HTTP_PORT))
        if found is None:
            found = self._claims.get((name, b""))
        if found is not None and len(self._known) < _REMEMBERED_AT_MOST:
            self._known[host] = found
        return found


def written_hosts(name: str, spec: UpstreamSpec) -> Iterator[HostKey]:
    """The hosts that stand for an upstream because the rule file says so, its name first."""
    yield host_key(name.encode("ascii"))
    for host in spec.hosts:
        yield host_key(host.encode("ascii"))


def hosts_of(file: RuleFile) -> dict[HostKey, str]:
    """Every host with the upstream that it stands for.

    The addresses of an upstream stand for it too: a service that calls them need not change.
    An address that two upstreams share stands for none of them.
    """
    by_address: defaultdict[HostKey, set[str]] = defaultdict(set)
    for name, spec in file.upstreams.items():
        for address in spec.addresses:
            if address.host and address.port:
                by_address[_key_of(address)].add(name)
        if spec.dns is not None:
            by_address[_key_of(Address(spec.dns, spec.port or 0))].add(name)
    claims = {key: names.pop() for key, names in by_address.items() if len(names) == 1}
    for name, spec in file.upstreams.items():
        claims |= dict.fromkeys(written_hosts(name, spec), name)
    return claims


def authority_of(name: str, spec: UpstreamSpec) -> bytes:
    """The ``Host`` by which an upstream is called when the client had no name for it.

    That of its URL, the first one in ``hosts``, or what the rule file calls it.
    """
    if spec.dns is not None:
        port = b":443" if spec.speaks_tls else b":80"
        return f"{spec.dns}:{spec.port}".encode("ascii", "replace").removesuffix(port)
    if spec.url is not None and spec.url.address.host:
        port = b":443" if spec.url.tls else b":80"
        return str(spec.url.address).encode("ascii", "replace").removesuffix(port)
    return (spec.hosts[0] if spec.hosts else name).encode("ascii")


def _key_of(address: Address) -> HostKey:
    return host_key(str(address).encode("ascii", "replace"))
