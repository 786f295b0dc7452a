"""The data streams, their names, and the lines that bring documents there."""

from __future__ import annotations

import msgspec

from sidecar.export.item import Signal
from sidecar.export.streams import Stream, milliseconds, moment
from sidecar.telemetry.signals import Resource


def _stream(service: str = "order") -> Stream:
    return Stream(Signal.LOGS, "governance", "shop", Resource({"service.name": service}), {})


def test_a_moment_is_milliseconds_with_a_padded_fraction() -> None:
    assert moment(1_705_314_600_000_000_000) == "1705314600000.0"
    assert moment(1_705_314_600_001_000_002) == "1705314600001.000002"
    assert moment(999_999) == "0.999999"
    assert milliseconds(1_705_314_600_001_999_999) == 1_705_314_600_001


def test_a_stream_is_named_by_its_three_parts() -> None:
    assert _stream().name == "logs-governance.otel-shop"


def test_an_item_has_two_lines_the_first_says_what_to_do() -> None:
    item = _stream().item(b'{"x":1}', b"who", b'{"metrics.x":"gauge_double"}')

    action, source = map(msgspec.json.decode, item.data.splitlines())
    assert action == {
        "create": {
            "_index": "logs-governance.otel-shop",
            "_id": item.id,
            "dynamic_templates": {"metrics.x": "gauge_double"},
        }
    }
    assert source == {
        "x": 1,
        "data_stream": {"type": "logs", "dataset": "governance", "namespace": "shop"},
        "resource": {"attributes": {"service.name": "order"}},
        "scope": {},
    }


def test_an_id_depends_on_what_is_told_and_on_who_tells_it() -> None:
    one, same, other = (_stream().item(b"{}", who).id for who in (b"a", b"a", b"b"))
    elsewhere = _stream("cart").item(b"{}", b"a").id

    assert one == same
    assert len({one, other, elsewhere}) == 3


def test_who_says_nothing_of_itself_has_an_empty_resource() -> None:
    item = Stream(Signal.TRACES, "governance", "x", Resource({}), {}).item(b'{"a":1}', b"")

    assert msgspec.json.decode(item.source)["resource"] == {}
