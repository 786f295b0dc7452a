"""Whether a request is on a list, and by which of its entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from operator import attrgetter
from typing import Protocol

from sidecar.algorithms.globs import Globs
from sidecar.algorithms.networks import Networks
from sidecar.model.files import Form, ListedNetworks, ListedValues, NetworkFileSpec, ValueFileSpec
from sidecar.model.http import RequestHead
from sidecar.model.members import MembersSpec
from sidecar.model.policy import BuildContext, KeyReader, Listed, ListedAddresses

_CLIENT_IP = "client_ip"
#: How much of a value operators are shown: half of it, and no more characters than these. Enough
#: to recognise an own test by, too little to know a person by.
_SHOWN_AT_MOST = 8


class Entry(Protocol):
    """What a list says about one property of requests."""

    @property
    def name(self) -> str:
        """The property: ``client_ip``, a key's name, ``method`` or ``header NAME``."""
        ...

    def fits(self, request: RequestHead) -> bool:
        """Whether the request is on the list by this."""
        ...

    def value(self, request: RequestHead) -> bytes:
        """The request's value, whole."""
        ...

    def shown(self, request: RequestHead) -> str:
        """So much of the request's value as operators may see."""
        ...


class Members:
    """A list, compiled. What stands in files costs one look-up each, however much it is."""

    __slots__ = ("entries",)

    def __init__(self, spec: MembersSpec, context: BuildContext) -> None:
        self.entries: tuple[Entry, ...] = tuple(_entries(spec, context))

    def find(self, request: RequestHead) -> Entry | None:
        """The entry by which the request is on the list; None when it is not."""
        for entry in self.entries:
            if entry.fits(request):
                return entry
        return None

    @property
    def names(self) -> str:
        """The properties of requests that the list looks at, in words."""
        return ", ".join(entry.name for entry in self.entries)


def _entries(spec: MembersSpec, context: BuildContext) -> Iterator[Entry]:
    if spec.client_ip:
        yield _Addresses(spec.client_ip, context)
    if spec.method:
        yield _Methods(spec.method)
    for name, values in spec.header.items():
        yield _Values(f"header {name}", _header_reader(name), values, context)
    for name, values in spec.keys.items():
        yield _Values(name, context.key(name).read, values, context)


class _Addresses:
    __slots__ = ("_files", "_networks", "name")

    def __init__(self, listed: ListedNetworks, context: BuildContext) -> None:
        self.name = _CLIENT_IP
        self._networks = Networks(one for one in listed if not isinstance(one, NetworkFileSpec))
        self._files: tuple[ListedAddresses, ...] = tuple(
            context.listed_networks(one.file) for one in listed if isinstance(one, NetworkFileSpec)
        )

    def fits(self, request: RequestHead) -> bool:
        number = request.client_number
        if self._networks.contains(number):
            return True
        for addresses in self._files:  # noqa: SIM110 - a generator costs more than the look-up
            if addresses.contains(number):
                return True
        return False

    def value(self, request: RequestHead) -> bytes:
        return request.client

    def shown(self, request: RequestHead) -> str:
        return _short_form(request.client)


class _Methods:
    __slots__ = ("_methods", "name")

    def __init__(self, methods: Iterable[str]) -> None:
        self.name = "method"
        self._methods = frozenset(methods)

    def fits(self, request: RequestHead) -> bool:
        return request.method in self._methods

    def value(self, request: RequestHead) -> bytes:
        return request.method.encode()

    def shown(self, request: RequestHead) -> str:
        return request.method[:_SHOWN_AT_MOST]


class _Values:
    __slots__ = ("_digests", "_files", "_read", "_written", "name")

    def __init__(
        self, name: str, read: KeyReader, listed: ListedValues, context: BuildContext
    ) -> None:
        self.name = name
        self._read = read
        self._written = Globs(one for one in listed if not isinstance(one, ValueFileSpec))
        files = [one for one in listed if isinstance(one, ValueFileSpec)]
        self._files: tuple[Listed, ...] = tuple(
            context.listed(one.file) for one in files if one.expects is Form.VALUES
        )
        self._digests: tuple[Listed, ...] = tuple(
            context.listed_digests(one.file) for one in files if one.expects is Form.SHA256
        )

    def fits(self, request: RequestHead) -> bool:
        value = self._read(request)
        # Who has no value is nobody that a list names, not even by "*".
        if not value:
            return False
        if self._written.match(value):
            return True
        for listed in self._files:
            if listed.contains(value):
                return True
        return bool(self._digests) and self._is_hashed_in(sha256(value).digest())

    def _is_hashed_in(self, digest: bytes) -> bool:
        return any(listed.contains(digest) for listed in self._digests)

    def value(self, request: RequestHead) -> bytes:
        return self._read(request)

    def shown(self, request: RequestHead) -> str:
        value = self._read(request)
        if self._digests:
            # A secret: its hash is what stands in the file, and tells nothing of it.
            return f"sha256 {sha256(value).hexdigest()[:_SHOWN_AT_MOST]}…" if value else ""
        return _short_form(value)


def _header_reader(name: str) -> KeyReader:
    if name == "host":
        return attrgetter("host")
    field = name.encode("ascii")
    return lambda request: request.fields.get(field, b"")


def _short_form(value: bytes) -> str:
    shown = value[: min(len(value) // 2, _SHOWN_AT_MOST)]
    return shown.decode("ascii", "backslashreplace") + "…"
