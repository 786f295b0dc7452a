"""Access lists: who is let in, what a refusal says, what a list may not be."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sidecar.algorithms.fingerprint import fingerprint
from sidecar.algorithms.networks import address_number
from sidecar.model.http import RequestHead
from sidecar.model.policy import Stage
from sidecar.model.verdict import ADMIT, LocalReply, Respond
from sidecar.policies.access import Access, AccessSpec
from tests.policies.building import with_keys

NOW = 0.0


def gate(**fields: Any) -> Access:
    return AccessSpec.model_validate({"name": "a-rule", **fields}).build(
        with_keys(("user", "caller", "agent"), default=b"unknown")
    )


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Without the steps that pydantic adds for itself."""
    return tuple(part for part in location if part not in {"(value)", "(map)"})


def request(client: str = "203.0.113.7", **keys: str) -> RequestHead:
    head = RequestHead("GET", b"/", 1)
    head.client = client.encode()
    head.client_number = address_number(head.client)
    head.fields = {f"x-{name}".encode(): value.encode() for name, value in keys.items()}
    return head


def refusal(access: Access, head: RequestHead) -> LocalReply:
    verdict = access.peek(head, NOW)
    assert isinstance(verdict, Respond)
    return verdict.reply


def admitted(access: Access, head: RequestHead) -> bool:
    return access.peek(head, NOW) is ADMIT


@pytest.mark.parametrize(
    "lists, head, expected",
    [
        # deny by address
        ({"deny": {"client_ip": "203.0.113.0/24"}}, request("203.0.113.7"), False),
        ({"deny": {"client_ip": "203.0.113.0/24"}}, request("203.0.114.7"), True),
        ({"deny": {"client_ip": ["192.0.2.1", "2001:db8::/32"]}}, request("2001:db8::7"), False),
        ({"deny": {"client_ip": ["192.0.2.1", "2001:db8::/32"]}}, request("192.0.2.1"), False),
        ({"deny": {"client_ip": ["192.0.2.1", "2001:db8::/32"]}}, request("192.0.2.2"), True),
        ({"deny": {"client_ip": "10.0.0.0/8"}}, request("::ffff:10.1.2.3"), False),
        # allow by address
        ({"allow": {"client_ip": "10.0.0.0/8"}}, request("10.1.2.3"), True),
        ({"allow": {"client_ip": "10.0.0.0/8"}}, request("11.1.2.3"), False),
        # by a declared key
        ({"deny": {"agent": "*bot*"}}, request(agent="a-bot/1"), False),
        ({"deny": {"agent": "*bot*"}}, request(agent="browser"), True),
        ({"allow": {"caller": ["web", "app-*"]}}, request(caller="web"), True),
        ({"allow": {"caller": ["web", "app-*"]}}, request(caller="app-7"), True),
        ({"allow": {"caller": ["web", "app-*"]}}, request(caller="website"), False),
        ({"allow": {"caller": ["web", "app-*"]}}, request(), False),
        ({"allow": {"caller": "unknown"}}, request(), True),
        # any entry of a list is enough
        ({"deny": {"client_ip": "10.0.0.0/8", "user": "eve"}}, request("10.0.0.1"), False),
        ({"deny": {"client_ip": "10.0.0.0/8", "user": "eve"}}, request(user="eve"), False),
        ({"allow": {"client_ip": "10.0.0.0/8", "user": "ann"}}, request("10.0.0.1"), True),
        ({"allow": {"client_ip": "10.0.0.0/8", "user": "ann"}}, request(user="ann"), True),
        ({"allow": {"client_ip": "10.0.0.0/8", "user": "ann"}}, request(user="bob"), False),
        # deny beats allow
        (
            {"allow": {"client_ip": "10.0.0.0/8"}, "deny": {"client_ip": "10.6.6.6"}},
            request("10.6.6.6"),
            False,
        ),
        (
            {"allow": {"client_ip": "10.0.0.0/8"}, "deny": {"client_ip": "10.6.6.6"}},
            request("10.6.6.7"),
            True,
        ),
        ({"allow": {"user": "*"}, "deny": {"client_ip": "0.0.0.0/0"}}, request(user="ann"), False),
        # who has no value for a key is nobody that a list names, not even by "*"
        ({"allow": {"agent": "*"}}, request(agent="curl"), True),
        ({"allow": {"agent": "*"}}, request(agent=""), False),
        ({"deny": {"agent": "*"}}, request(agent=""), True),
        # a peer on a Unix socket has no address
        ({"deny": {"client_ip": ["0.0.0.0/0", "::/0"]}}, request("unix"), True),
        ({"allow": {"client_ip": ["0.0.0.0/0", "::/0"]}}, request("unix"), False),
        ({"allow": {"client_ip": "0.0.0.0/0", "user": "ann"}}, request("unix", user="ann"), True),
    ],
)
def test_who_is_let_in(lists: dict[str, Any], head: RequestHead, *, expected: bool) -> None:
    assert admitted(gate(**lists), head) is expected


networks = st.one_of(
    st.builds(
        lambda number, prefix: IPv4Network((number, prefix), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(0, 4),
    ),
    st.builds(
        lambda number, prefix: IPv6Network((number, prefix), strict=False),
        st.integers(2**100, 2**128 - 1),
        st.integers(1, 4),
    ),
)
addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(2**100, 2**128 - 1).map(IPv6Address)
)


@given(
    deny=st.lists(networks, max_size=4),
    allow=st.lists(networks, max_size=4),
    address=addresses,
)
def test_deny_beats_allow_and_allow_means_nobody_else(
    deny: list[IPv4Network | IPv6Network],
    allow: list[IPv4Network | IPv6Network],
    address: IPv4Address | IPv6Address,
) -> None:
    lists: dict[str, Any] = {}
    if deny:
        lists["deny"] = {"client_ip": [str(network) for network in deny]}
    if allow or not deny:
        lists["allow"] = {"client_ip": [str(network) for network in allow] or "192.0.2.1"}
    denied = any(address in network for network in deny)
    allowed = any(address in network for network in allow or [ip_network("192.0.2.1")])
    expected = not denied and ("allow" not in lists or allowed)
    assert admitted(gate(**lists), request(str(address))) is expected


def test_a_refusal_tells_the_client_nothing_and_the_log_which_entry() -> None:
    access = gate(
        deny={"client_ip": "203.0.113.0/24", "user": "eve@*"}, allow={"caller": "web"}, status=404
    )
    by_address = refusal(access, request("203.0.113.77"))
    assert (by_address.status, by_address.reason) == (404, "access_denied")
    assert by_address.detail == "This request is not allowed."
    assert by_address.retry_after is None
    assert by_address.headers == ()
    assert by_address.facts == {
        "list": "deny",
        "key": "client_ip",
        "value": "203.0.…",
        "key_hash": fingerprint(b"203.0.113.77"),
    }

    by_user = refusal(access, request("192.0.2.1", user="eve@shop.example"))
    assert by_user.facts["value"] == "eve@shop…"
    assert by_user.facts["key_hash"] == fingerprint(b"eve@shop.example")

    not_allowed = refusal(access, request("192.0.2.1", user="bob", caller="curl"))
    assert not_allowed.facts == {"list": "allow", "key": "caller"}
    assert by_user.detail == not_allowed.detail == by_address.detail


@given(value=st.text(min_size=1, max_size=40))
def test_the_log_never_shows_a_whole_value(value: str) -> None:
    shown = refusal(gate(deny={"user": "*"}), request(user=value)).facts["value"]
    assert isinstance(shown, str)
    assert value not in shown.removesuffix("…")
    assert len(shown) <= 4 * 8 + 1


def test_the_status_is_403_unless_said_otherwise() -> None:
    assert refusal(gate(deny={"user": "*"}), request()).status == 403


def test_it_is_asked_first_and_keeps_nothing() -> None:
    old = gate(deny={"user": "eve"})
    assert old.stage is Stage.ACCESS
    assert old.settles is False
    new = gate(deny={"user": "bob"})
    new.adopt(old, NOW)
    assert old.take(request(user="ann"), NOW) == 0
    assert admitted(new, request(user="eve"))
    assert not admitted(new, request(user="bob"))


def test_ten_thousand_entries_of_each_sort() -> None:
    first = int(ip_address("10.0.0.0"))
    access = gate(
        deny={
            "client_ip": [str(IPv4Address(first + 2 * number)) for number in range(10_000)],
            "user": [f"user-{number}" for number in range(10_000)],
        }
    )
    assert not admitted(access, request("10.0.0.10"))
    assert admitted(access, request("10.0.0.11"))
    assert not admitted(access, request(user="user-9999"))
    assert admitted(access, request(user="user-10000"))


def test_the_keys_it_names_are_known_with_their_place() -> None:
    spec = AccessSpec.model_validate(
        {
            "name": "a-rule",
            "match": {"tenant": "shop"},
            "deny": {"client_ip": "10.0.0.1", "user": "eve"},
            "allow": {"caller": ["web"], "user": "*"},
        }
    )
    assert [(use.name, use.at) for use in spec.keys_used()] == [
        ("tenant", ("match", "tenant")),
        ("user", ("deny", "user")),
        ("caller", ("allow", "caller")),
        ("user", ("allow", "user")),
    ]


@pytest.mark.parametrize(
    "fields, place, code, message",
    [
        ({}, (), "incomplete", "it has neither deny nor allow"),
        ({"deny": {}}, ("deny",), "empty-list", "the list names nobody"),
        ({"allow": {}}, ("allow",), "empty-list", "the list names nobody"),
        ({"deny": {"user": []}}, ("deny", "user"), "empty-list", "the list is empty"),
        (
            {"deny": {"client_ip": "10.0.0.1/8"}},
            ("deny", "client_ip", 0),
            "bad-network",
            "'10.0.0.1/8' has bits set beyond its prefix",
        ),
        (
            {"deny": {"client_ip": "*"}},
            ("deny", "client_ip", 0),
            "bad-network",
            "'*' is not an address or a network",
        ),
        ({"deny": {"user": 7}}, ("deny", "user", 0), "bad-text", "7 is not text"),
        (
            {"deny": {"user": "eve"}, "status": 503},
            ("status",),
            "bad-status",
            "503 blames us, not who is denied",
        ),
        (
            {"deny": {"user": "eve"}, "status": 401},
            ("status",),
            "bad-status",
            "401 must come with WWW-Authenticate, which an access list has not",
        ),
        ({"deny": {"user": "eve"}, "status": 200}, ("status",), "bad-status", "200 is no status"),
    ],
)
def test_a_mistake_is_told(
    fields: dict[str, Any], place: tuple[str | int, ...], code: str, message: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        AccessSpec.model_validate({"name": "a-rule", **fields})
    errors = raised.value.errors()
    assert [(_place(error["loc"]), error["type"]) for error in errors] == [(place, code)]
    assert message in errors[0]["msg"]
