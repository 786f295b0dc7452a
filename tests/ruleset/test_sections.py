from __future__ import annotations

import pytest
from pydantic import ValidationError

from sidecar.model.values import Address
from sidecar.ruleset.listener_sections import ClientCertificate, Others
from sidecar.ruleset.sections import (
    Balance,
    Disclose,
    KeySpec,
    PoolSpec,
    TimeoutsSpec,
    TrustSpec,
    UpstreamSpec,
)


def test_nobody_is_trusted_unless_named() -> None:
    trust = TrustSpec()
    assert trust.proxies == trust.callers == ()
    assert trust.disclose is Disclose.ID
    assert trust.paths.escaped_slash.value == "refuse"


def test_the_pool_of_an_upstream_that_says_nothing_of_it() -> None:
    assert PoolSpec().model_dump() == {
        "max_connections": 200,
        "max_pending": 200,
        "connect_timeout": 1.0,
        "idle": 60.0,
        "age": 3600.0,
    }


@pytest.mark.parametrize(
    "fields, addresses, tls",
    [
        ({"url": "http://a:80"}, (Address("a", 80),), False),
        ({"url": "https://a"}, (Address("a", 443),), True),
        ({"url": "unix:/a"}, (Address(path="/a"),), False),
        ({"url": "unix:/a", "tls": {}}, (Address(path="/a"),), True),
        ({"targets": "a:80"}, (Address("a", 80),), False),
        ({"targets": ["a:80", "b:80"], "tls": {}}, (Address("a", 80), Address("b", 80)), True),
        ({}, (), False),
    ],
)
def test_where_an_upstream_is(
    fields: dict[str, object], addresses: tuple[Address, ...], tls: bool
) -> None:
    upstream = UpstreamSpec.model_validate(fields)
    assert upstream.addresses == addresses
    assert upstream.speaks_tls is tls
    assert upstream.balance is Balance.ROUND_ROBIN


@pytest.mark.parametrize(
    "key, field",
    [
        ({"from": "header", "name": "X-User"}, b"x-user"),
        ({"from": "cookie", "name": "sid"}, b"cookie"),
        ({"from": "query", "name": "x"}, b""),
        ({"from": "client.address"}, b""),
    ],
)
def test_which_field_a_key_reads(key: dict[str, str], field: bytes) -> None:
    assert KeySpec.model_validate(key).field_name == field


def test_the_stand_in_of_a_key_is_called_or() -> None:
    key = KeySpec.model_validate({"from": "cookie", "name": "u", "or": "client"})
    assert key.stand_in == "client"
    with pytest.raises(ValidationError):
        KeySpec.model_validate({"from": "cookie", "name": "u", "stand_in": "client"})


def test_timeouts_that_are_left_out_are_left_to_others() -> None:
    timeouts = TimeoutsSpec.model_validate({"request": "2s"})
    assert (timeouts.request, timeouts.per_try, timeouts.idle) == (2, None, None)


def test_no_word_of_the_language_is_a_boolean_of_yaml_1_1() -> None:
    """An editor or tool that still reads YAML 1.1 must not change what a file says."""
    booleans = {"y", "yes", "n", "no", "on", "off", "true", "false"}
    for enum in (Balance, ClientCertificate, Disclose, Others):
        assert not booleans & {word.value for word in enum}
