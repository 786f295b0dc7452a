"""Access lists: who is let in, by address or by any declared key.

A list names entries by `client_ip` (addresses and networks) or by the name of a declared key
(values, in which `*` stands for any characters). A request is on a list when any of its entries
fits. Whoever is on `deny` is refused, whatever `allow` says; where there is an `allow`, whoever is
not on it is refused as well. To demand two things at once, write two rules.

A client on a Unix socket has no address: no network contains it, so that `deny: {client_ip: …}`
lets it pass and `allow: {client_ip: …}` refuses it. A network of IPv6 never means IPv4 clients,
`::/0` neither.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple, Self, final

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from sidecar.algorithms.globs import Globs
from sidecar.algorithms.networks import Networks
from sidecar.model.http import RequestHead
from sidecar.model.policy import BuildContext, GateBasics, KeyReader, Stage, Ticket
from sidecar.model.reading import unreadable
from sidecar.model.spec import KeyUse, RuleSpec, Spec
from sidecar.model.values import Cidr, Glob, OneOrMany, Status
from sidecar.model.verdict import ADMIT, LocalReply, Respond, Verdict

_CLIENT_IP = "client_ip"
#: How much of a refused value the decision log shows: half of it, and no more characters than
#: these. Enough to recognise an own test by, too little to know a person by.
_SHOWN_AT_MOST = 8
#: Statuses that have no meaning without a field that an access list cannot know.
_NEEDS_A_FIELD = {401: "WWW-Authenticate", 405: "Allow", 407: "Proxy-Authenticate", 426: "Upgrade"}


def _checked_status(status: int) -> int:
    expected = "write 400 to 499, such as 403, or 404 to hide that there is anything"
    if status in _NEEDS_A_FIELD:
        problem = f"{status} must come with {_NEEDS_A_FIELD[status]}, which an access list has not"
        raise unreadable("bad-status", problem, expected)
    if status > 499:
        raise unreadable("bad-status", f"{status} blames us, not who is denied", expected)
    return status


class AccessListSpec(Spec):
    """Entries of one list: addresses, and the values of declared keys by the keys' names."""

    model_config = ConfigDict(extra="allow")

    # The values of declared keys; which names are keys is checked against `keys`.
    __pydantic_extra__: dict[str, OneOrMany[Glob]] = Field(init=False)

    client_ip: OneOrMany[Cidr] = ()
    """Addresses and networks of the client."""

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The declared keys named here, and the literals and globs listed for each."""
        return self.__pydantic_extra__ or {}

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.client_ip and not self.keys:
            expected = f"name somebody by {_CLIENT_IP} or a declared key, or leave the list out"
            raise unreadable("empty-list", "the list names nobody", expected)
        return self


class AccessSpec(RuleSpec):
    """Who is let in: `deny` beats `allow`, and an `allow` means that everybody else is denied."""

    kind: ClassVar[str] = "access"
    any_reading: ClassVar[bool] = True

    deny: AccessListSpec | None = None
    """Whoever is on it is refused."""
    allow: AccessListSpec | None = None
    """Whoever is not on it is refused."""
    status: Annotated[Status, AfterValidator(_checked_status)] = 403
    """The status of the refusal, 400 to 499."""

    @model_validator(mode="after")
    def _has_a_list(self) -> Self:
        if self.deny is None and self.allow is None:
            expected = "add deny: {client_ip: 203.0.113.0/24} or allow: {…}"
            raise unreadable("incomplete", "it has neither deny nor allow", expected)
        return self

    def build(self, context: BuildContext) -> Access:
        """The live gate."""
        deny = self.deny and _AccessList(self.deny, context)
        allow = self.allow and _AccessList(self.allow, context)
        return Access(deny or None, allow or None, self.status)

    def keys_used(self) -> tuple[KeyUse, ...]:
        """Those of ``match``, and those that the lists name."""
        return super().keys_used() + tuple(
            KeyUse(name, (field, name))
            for field, entries in (("deny", self.deny), ("allow", self.allow))
            if entries is not None
            for name in entries.keys
        )


class _ByKey(NamedTuple):
    name: str
    read: KeyReader
    values: Globs


@final
class _AccessList:
    """A list, compiled."""

    __slots__ = ("by_key", "names", "networks")

    def __init__(self, spec: AccessListSpec, context: BuildContext) -> None:
        self.networks = Networks(spec.client_ip) if spec.client_ip else None
        self.by_key = tuple(
            _ByKey(name, context.key(name).read, Globs(values))
            for name, values in spec.keys.items()
        )
        addresses = [_CLIENT_IP] if spec.client_ip else []
        self.names = ", ".join([*addresses, *spec.keys])

    def names_client(self, request: RequestHead) -> bool:
        """Whether any entry fits."""
        if self.networks is not None and self.networks.contains(request.client_number):
            return True
        for _, read, values in self.by_key:
            value = read(request)
            # Who has no value is nobody that the list names, not even by "*".
            if value and values.match(value):
                return True
        return False

    def entry(self, request: RequestHead) -> tuple[str, bytes]:
        """The key by which a request that is on the list is on it, and the value."""
        for name, read, values in self.by_key:
            value = read(request)
            if value and values.match(value):
                return name, value
        return _CLIENT_IP, request.client


@final
class Access(GateBasics):
    """Refuses whom its lists do not let in. Keeps nothing, so there is nothing to adopt."""

    __slots__ = ("_allow", "_deny", "_status")

    stage: ClassVar[Stage] = Stage.ACCESS

    def __init__(self, deny: _AccessList | None, allow: _AccessList | None, status: int) -> None:
        self._deny = deny
        self._allow = allow
        self._status = status

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Refuse who is denied or not allowed."""
        if self._deny is not None and self._deny.names_client(request):
            name, value = self._deny.entry(request)
            return self._refusal("deny", name, _short_form(value))
        if self._allow is not None and not self._allow.names_client(request):
            return self._refusal("allow", self._allow.names, "")
        return ADMIT

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Nothing is counted."""
        return 0

    def adopt(self, predecessor: Access, now: float) -> None:
        """There is nothing to go on with."""

    def _refusal(self, by: Literal["deny", "allow"], key: str, value: str) -> Respond:
        facts: dict[str, str | float] = {"list": by, "key": key}
        if value:
            facts["value"] = value
        detail = "This request is not allowed."
        return Respond(LocalReply(self._status, "access_denied", detail, facts=facts))


def _short_form(value: bytes) -> str:
    shown = value[: min(len(value) // 2, _SHOWN_AT_MOST)]
    return shown.decode("ascii", "backslashreplace") + "…"
