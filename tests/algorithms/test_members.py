"""Who is on a list: by every kind of entry, written out and in files."""

from __future__ import annotations

from hashlib import sha256
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.members import Members
from sidecar.algorithms.network_list import NetworkList
from sidecar.algorithms.networks import DatedNetworks, address_number
from sidecar.model.http import RequestHead
from sidecar.model.members import MembersSpec
from sidecar.state.list_file import ListFile
from tests.policies.building import World, header_key

SECRET = b"partner-one-key"
LOCAL = address_number(b"192.0.2.0")
WORLD = World(
    lists={"scalpers.txt": ListFile({b"eve": inf, b"mallory": 100.0})},
    digests={"partners.txt": ListFile([sha256(SECRET).digest()])},
    networks={"nets.txt": NetworkList(DatedNetworks([(LOCAL, LOCAL + 256, inf)]))},
)


def members(**fields: Any) -> Members:
    context = WORLD.context(header_key("user"), header_key("api-key"))
    return Members(MembersSpec.model_validate(fields), context)


def request(client: str = "203.0.113.7", *, method: str = "GET", **fields: str) -> RequestHead:
    head = RequestHead(method, b"/", 1)
    head.client, head.client_number = client.encode(), address_number(client.encode())
    head.host = b"shop.example"
    head.fields = {name.replace("_", "-").encode(): one.encode() for name, one in fields.items()}
    return head


@pytest.mark.parametrize(
    "fields, head, by",
    [
        ({"client_ip": "203.0.113.0/24"}, request(), "client_ip"),
        ({"client_ip": {"file": "nets.txt"}}, request("192.0.2.7"), "client_ip"),
        ({"client_ip": {"file": "nets.txt"}}, request(), None),
        ({"client_ip": ["203.0.113.0/24", {"file": "nets.txt"}]}, request("192.0.2.7"),
         "client_ip"),
        ({"method": ["TRACE", "PUT"]}, request(method="PUT"), "method"),
        ({"method": "TRACE"}, request(), None),
        ({"header": {"User-Agent": "*curl*"}}, request(user_agent="a curl b"), "header user-agent"),
        ({"header": {"user-agent": "*"}}, request(), None),
        ({"header": {"host": "*.example"}}, request(), "header host"),
        ({"user": {"file": "scalpers.txt"}}, request(x_user="eve"), "user"),
        ({"user": {"file": "scalpers.txt"}}, request(x_user="Eve"), None),
        ({"user": {"file": "scalpers.txt"}}, request(), None),
        ({"user": ["ann", "b*", {"file": "scalpers.txt"}]}, request(x_user="bob"), "user"),
        ({"api-key": {"file": "partners.txt", "hashed": "sha256"}},
         request(x_api_key=SECRET.decode()), "api-key"),
        ({"api-key": {"file": "partners.txt", "hashed": "sha256"}},
         request(x_api_key=sha256(SECRET).hexdigest()), None),
        ({"api-key": {"file": "partners.txt", "hashed": "sha256"}}, request(), None),
        # any of them is enough
        ({"user": "ann", "method": "GET"}, request(), "method"),
    ],
)  # fmt: skip
def test_who_is_on_a_list(fields: dict[str, Any], head: RequestHead, by: str | None) -> None:
    found = members(**fields).find(head)
    assert (found.name if found else None) == by


def test_entries_of_a_file_end_with_the_clock() -> None:
    listed = members(user={"file": "scalpers.txt"})
    assert listed.find(request(x_user="mallory"))
    WORLD.lists["scalpers.txt"].advance(100.0)
    assert not listed.find(request(x_user="mallory"))


@given(st.text("abc*-", max_size=20))
def test_no_more_than_half_of_a_value_is_shown_and_nothing_of_a_secret(value: str) -> None:
    listed = members(user="*")
    (entry,) = listed.entries
    shown = entry.shown(request(x_user=value)).removesuffix("…")
    assert value.startswith(shown)
    assert len(shown) <= len(value) / 2
    (entry,) = members(**{"api-key": {"file": "partners.txt", "hashed": "sha256"}}).entries
    hidden = entry.shown(request(x_api_key=value))
    digest = sha256(value.encode()).hexdigest()[:8]
    assert hidden == (f"sha256 {digest}…" if value else "")


def test_a_list_says_what_it_looks_at() -> None:
    listed = members(client_ip="::1", method="PUT", header={"x-a": "1"}, user="eve")
    assert listed.names == "client_ip, method, header x-a, user"
    shown = [entry.shown(request("203.0.113.7", method="PROPPATCH")) for entry in listed.entries]
    assert shown[:2] == ["203.0…", "PROPPATC"]
