"""Access lists: who is let in, by address, method, header field or any declared key.

A list names entries by `client_ip` (addresses and networks), by `method`, by `header`, or by the
name of a declared key (values, in which `*` stands for any characters). Wherever values stand,
`{file: PATH}` may stand too: a list of any length, reloaded alone, whose entries may expire. A
request is on a list when any of its entries fits. Whoever is on `deny` is refused, whatever
`allow` says; where there is an `allow`, whoever is not on it is refused as well. To demand two
things at once, write two rules.

A client on a Unix socket has no address: no network contains it, so that `deny: {client_ip: …}`
lets it pass and `allow: {client_ip: …}` refuses it. A network of IPv6 never means IPv4 clients,
`::/0` neither.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, final

from pydantic import AfterValidator, model_validator

from sidecar.algorithms.fingerprint import fingerprint
from sidecar.algorithms.members import Members
from sidecar.model.http import RequestHead
from sidecar.model.members import MembersSpec
from sidecar.model.policy import BuildContext, Facts, GateBasics, Stage, Ticket
from sidecar.model.reading import unreadable
from sidecar.model.spec import HeaderUse, KeyUse, RuleSpec
from sidecar.model.values import Status
from sidecar.model.verdict import ADMIT, LocalReply, Respond, Verdict
from sidecar.state.row_key import row_key_of

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


class AccessSpec(RuleSpec):
    """Who is let in: `deny` beats `allow`, and an `allow` means that everybody else is denied."""

    kind: ClassVar[str] = "access"
    any_reading: ClassVar[bool] = True

    deny: MembersSpec | None = None
    """Whoever is on it is refused."""
    allow: MembersSpec | None = None
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
        deny = self.deny and Members(self.deny, context)
        allow = self.allow and Members(self.allow, context)
        return Access(deny or None, allow or None, self.status)

    def keys_used(self) -> tuple[KeyUse, ...]:
        """Those of ``match``, and those that the lists name."""
        lists = [use for field, one in self._lists() for use in one.keys_used(field)]
        return (*super().keys_used(), *lists)

    def headers_used(self) -> tuple[HeaderUse, ...]:
        """Those of ``match``, and those that the lists name."""
        lists = [use for field, one in self._lists() for use in one.headers_used(field)]
        return (*super().headers_used(), *lists)

    def _lists(self) -> list[tuple[str, MembersSpec]]:
        lists = (("deny", self.deny), ("allow", self.allow))
        return [(field, one) for field, one in lists if one is not None]


@final
class Access(GateBasics):
    """Refuses whom its lists do not let in. Keeps nothing, so there is nothing to adopt."""

    __slots__ = ("_allow", "_deny", "_status")

    stage: ClassVar[Stage] = Stage.ACCESS

    def __init__(self, deny: Members | None, allow: Members | None, status: int) -> None:
        self._deny = deny
        self._allow = allow
        self._status = status

    def peek(self, request: RequestHead, now: float) -> Verdict:
        """Refuse who is denied or not allowed."""
        if self._deny is not None:
            entry = self._deny.find(request)
            if entry is not None:
                shown, value = entry.shown(request), fingerprint(row_key_of(entry.value(request)))
                return self._refusal("deny", entry.name, value=shown, key_hash=value)
        if self._allow is not None and self._allow.find(request) is None:
            return self._refusal("allow", self._allow.names)
        return ADMIT

    def facts(self, request: RequestHead, now: float) -> Facts:
        """By which entry the request is on each list."""
        return {
            **_found("deny", self._deny, request),
            **_found("allow", self._allow, request),
        }

    def take(self, request: RequestHead, now: float) -> Ticket:
        """Nothing is counted."""
        return 0

    def adopt(self, predecessor: Access, now: float) -> None:
        """There is nothing to go on with."""

    def _refusal(self, by: Literal["deny", "allow"], key: str, **found: str) -> Respond:
        facts: dict[str, str | float] = {"list": by, "key": key, **found}
        detail = "This request is not allowed."
        return Respond(LocalReply(self._status, "access_denied", detail, facts=facts))


def _found(by: str, members: Members | None, request: RequestHead) -> Facts:
    if members is None:
        return {}
    entry = members.find(request)
    if entry is None:
        return {by: "not on it", f"{by}_by": members.names}
    return {by: "on it", f"{by}_by": entry.name, f"{by}_value": entry.shown(request)}
