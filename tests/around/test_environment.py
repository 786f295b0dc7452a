from __future__ import annotations

import pytest

from sidecar.around.environment import environment_for, variable_of

ADDRESSES = {
    "inbound": "0.0.0.0:8080",
    "outbound": "127.0.0.1:15001",
    "local/inventory": "127.0.0.1:15011",
    "local/app-other-cell": "[::]:15012",
    "local/by-file": "unix:/run/by-file.sock",
    "admin": "unix:/run/admin.sock",
}


def test_what_a_service_is_told() -> None:
    assert environment_for({"HOME": "/root"}, ADDRESSES, 9000) == {
        "HOME": "/root",
        "PORT": "9000",
        "HTTP_PROXY": "http://127.0.0.1:15001",
        "http_proxy": "http://127.0.0.1:15001",
        "NO_PROXY": "localhost,127.0.0.1,::1",
        "no_proxy": "localhost,127.0.0.1,::1",
        "INVENTORY_URL": "http://127.0.0.1:15011",
        "APP_OTHER_CELL_URL": "http://[::1]:15012",
    }


def test_what_is_told_wins_over_what_is_inherited() -> None:
    inherited = {
        "PORT": "1",
        "HTTP_PROXY": "http://proxy:3128",
        "INVENTORY_URL": "http://inventory",
    }
    told = environment_for(inherited, ADDRESSES, 9000)
    assert (told["PORT"], told["HTTP_PROXY"]) == ("9000", "http://127.0.0.1:15001")
    assert told["INVENTORY_URL"] == "http://127.0.0.1:15011"
    assert inherited["PORT"] == "1"


def test_without_an_outbound_listener_proxies_are_left_alone() -> None:
    inherited = {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "a"}
    assert environment_for(inherited, {"inbound": "127.0.0.1:1"}, 0) == inherited
    by_file = {"inbound": "127.0.0.1:1", "outbound": "unix:/run/out.sock"}
    assert environment_for(inherited, by_file, 0) == inherited


@pytest.mark.parametrize(
    "inherited, told",
    [
        ({"NO_PROXY": "a.b, .c"}, "a.b,.c,localhost,127.0.0.1,::1"),
        ({"no_proxy": "localhost,x", "NO_PROXY": "y"}, "x,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": ""}, "localhost,127.0.0.1,::1"),
    ],
)
def test_who_was_called_directly_still_is(inherited: dict[str, str], told: str) -> None:
    given = environment_for(inherited, ADDRESSES, 0)
    assert given["NO_PROXY"] == given["no_proxy"] == told


@pytest.mark.parametrize(
    "upstream, variable", [("inventory", "INVENTORY_URL"), ("app-v2", "APP_V2_URL")]
)
def test_how_the_variable_of_an_upstream_is_called(upstream: str, variable: str) -> None:
    assert variable_of(upstream) == variable
