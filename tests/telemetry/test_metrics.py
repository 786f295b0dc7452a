from __future__ import annotations

import pytest

from sidecar.model.policy import Mode
from sidecar.telemetry.catalogue import Use, reasons
from sidecar.telemetry.metrics import LOGS, RECORDS, Meters, method_label


def test_the_same_name_gives_the_same_object() -> None:
    meters = Meters()
    assert meters.listener("inbound") is meters.listener("inbound")
    assert meters.server("inbound", "orders") is meters.server("inbound", "orders")
    assert meters.client("app", "h:1") is meters.client("app", "h:1")
    assert meters.decision("access", "bots", Mode.SHADOW) is meters.decision(
        "access", "bots", Mode.SHADOW
    )


def test_different_names_give_different_objects() -> None:
    meters = Meters()
    assert meters.server("inbound", "orders") is not meters.server("outbound", "orders")
    assert meters.client("app", "h:1") is not meters.client("app", "h:2")
    assert meters.decision("access", "bots", Mode.SHADOW) is not meters.decision(
        "access", "bots", Mode.ENFORCE
    )


def test_a_route_belongs_to_its_listener() -> None:
    meters = Meters()
    listener = meters.listener("inbound", "https")
    assert meters.server("inbound", "orders").listener is listener
    assert listener.scheme == "https"


def test_a_cell_is_opened_once_and_found_again() -> None:
    server = Meters().server("inbound", "orders")
    assert server.find("GET", 200) is None
    cell = server.open("GET", 200)
    assert server.open("GET", 200) is cell
    assert server.cells == {("GET", 200): cell}
    assert server.find("GET", 200) is cell


def test_a_reason_of_the_sidecar_has_a_cell_of_its_own() -> None:
    server = Meters().server("inbound", "orders")
    cell = server.open("GET", 503, "pool_overflow")
    assert cell is not server.open("GET", 503)
    assert server.failed == {("GET", 503, "pool_overflow"): cell}
    assert server.find("GET", 503, "pool_overflow") is cell


@pytest.mark.parametrize(
    "status, reason", [(429, "rate_limited"), (403, "access_denied"), (200, "client_gone")]
)
def test_for_the_server_neither_a_4xx_nor_a_client_that_left_is_an_error(
    status: int, reason: str
) -> None:
    server = Meters().server("inbound", "orders")
    assert server.open("GET", status, reason) is server.open("GET", status)
    assert server.find("GET", status, reason) is server.open("GET", status)
    assert server.failed == {}


def test_for_the_client_every_reason_is_an_error() -> None:
    client = Meters().client("app", "127.0.0.1:9000")
    assert client.open("GET", 0, "client_gone") is not client.open("GET", 0)


def test_methods_that_clients_invent_share_one_cell() -> None:
    server = Meters().server("inbound", "orders")
    cells = {id(server.open(method, 200)) for method in ("BREW", "get", "x" * 100, "_OTHER")}
    assert len(cells) == 1
    assert list(server.cells) == [("_OTHER", 200)]
    assert server.find("BREW", 200) is server.cells["_OTHER", 200]


def test_only_known_methods_are_labels() -> None:
    assert method_label("PATCH") == "PATCH"
    assert method_label("BREW") == "_OTHER"
    assert method_label("get") == "_OTHER"


def test_every_use_of_reasons_has_its_tally() -> None:
    meters = Meters()
    listener, client = meters.listener("inbound"), meters.client("app", "h:1")
    for use, tally in (
        (Use.REJECTION, listener.rejected),
        (Use.CONNECTION, listener.connections_refused),
        (Use.CONNECT, client.connect_failures),
        (Use.RETRY, client.retries_total),
        (Use.RECORD_DROP, meters.drops[RECORDS]),
        (Use.LOG_DROP, meters.drops[LOGS]),
    ):
        assert set(tally.counts) == {*reasons(use), "_OTHER"}


def test_drops_are_counted_by_signal_and_reason() -> None:
    meters = Meters()
    meters.dropped(LOGS, "disk_full", 3)
    meters.dropped(LOGS, "disk_full")
    assert meters.drops[LOGS].counts["disk_full"] == 4
    assert sum(meters.drops[RECORDS].counts.values()) == 0


def test_a_failed_reload_keeps_the_version() -> None:
    reloads = Meters().reloads
    reloads.succeeded("1-ab", 1000.0)
    reloads.failed()
    assert (reloads.version, reloads.last_success, reloads.last_failed) == ("1-ab", 1000.0, True)
    reloads.succeeded("2-cd", 2000.0)
    assert (reloads.version, reloads.last_success, reloads.last_failed) == ("2-cd", 2000.0, False)
    assert (reloads.successes, reloads.failures) == (2, 1)
