from __future__ import annotations

from sidecar.model.values import Address
from sidecar.ruleset.listener_sections import (
    InboundLimitsSpec,
    InboundSpec,
    ListenersSpec,
    Others,
    OutboundSpec,
)


def test_what_a_listener_is_when_only_its_address_is_given() -> None:
    inbound = InboundSpec.model_validate({"bind": "127.0.0.1:8080"})
    assert inbound.bind == Address("127.0.0.1", 8080)
    assert inbound.to == "app"
    assert inbound.probes == ()
    assert inbound.tls is None
    assert inbound.keep_alive == 60
    assert inbound.limits == InboundLimitsSpec()


def test_the_limits_of_a_listener_that_names_none() -> None:
    limits = InboundLimitsSpec()
    assert limits.request_line == 8 << 10
    assert limits.header_bytes == 64 << 10
    assert limits.header_count == 100
    assert limits.body == 4 << 30
    assert limits.head_within == 10
    assert limits.body_rate == 100
    assert limits.connections == 10_000
    assert limits.connections_per_client == 256


def test_what_the_service_calls_through_is_asked_for() -> None:
    listeners = ListenersSpec.model_validate({"inbound": {"bind": "127.0.0.1:8080"}})
    assert listeners.outbound is None


def test_outbound_nobody_but_upstreams_is_called_unless_said() -> None:
    outbound = OutboundSpec.model_validate({"bind": "127.0.0.1:15001"})
    assert outbound.others is Others.REFUSE
    assert outbound.keep_alive == 300
    assert outbound.limits.connections == 4_000
