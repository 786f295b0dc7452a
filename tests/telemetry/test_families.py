from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.samples import Sample

from sidecar.model.policy import Mode
from sidecar.telemetry.catalogue import DURATION_BUCKETS, METRICS
from sidecar.telemetry.cells import Aim
from sidecar.telemetry.families import family_parts
from sidecar.telemetry.host_metrics import READ
from sidecar.telemetry.metrics import LOGS, Meters
from tests.telemetry.read_out import every_reading, every_rule_told

_METHODS = st.sampled_from(["GET", "POST", "_OTHER"])
_STATUSES = st.sampled_from([0, 200, 204, 404, 429, 500, 502, 503])
_ERRORS = st.sampled_from(["", "", "upstream_reset", "pool_overflow", "client_gone"])


def samples(meters: Meters, name: str) -> list[Sample]:
    return [
        sample
        for part in family_parts(meters, samples_per_part=10)
        for sample in part.samples
        if sample.name == name
    ]


def value(meters: Meters, name: str, **labels: str) -> float:
    [sample] = [
        sample for sample in samples(meters, name) if labels.items() <= sample.labels.items()
    ]
    return sample.value


def filled() -> Meters:
    meters = Meters("order")
    meters.readings = every_reading
    meters.server("inbound", "orders").open("GET", 200).observe(0.3)
    meters.client("app", "127.0.0.1:9000").open("GET", 200).observe(0.2)
    meters.looked_up("app", found=True)
    meters.decision("rate_limits", "per-client", Mode.ENFORCE).admitted += 1
    meters.objective("availability").good += 1
    meters.exports.wanted(["files"])
    meters.rules_told = every_rule_told
    meters.aims = {"availability": Aim(0.999, 86_400.0, not_shed=True)}.copy
    meters.saturation["loop"] = 0.5
    return meters


def test_every_metric_of_the_catalogue_is_exposed_with_its_labels() -> None:
    seen = {
        part.name: {tuple(sorted(set(sample.labels) - {"le"})) for sample in part.samples}
        for part in family_parts(filled(), samples_per_part=1_000_000)
    }
    declared = {
        metric.family: {tuple(sorted(metric.label_names))}
        for metric in METRICS
        if metric not in READ
    }
    assert seen == declared


@given(st.integers(1, 200))
def test_parts_hold_every_series_whole_and_each_family_in_one_run(samples_per_part: int) -> None:
    meters = filled()
    parts = list(family_parts(meters, samples_per_part))
    [whole] = [list(family_parts(meters, 1_000_000))]
    runs = [part.name for index, part in enumerate(parts) if parts[index - 1].name != part.name]
    assert runs == [part.name for part in whole]
    assert [sample for part in parts for sample in part.samples] == [
        sample for part in whole for sample in part.samples
    ]
    for part in parts:
        infinite = sum(sample.labels.get("le") == "+Inf" for sample in part.samples)
        assert infinite == sum(sample.name.endswith("_count") for sample in part.samples)


@given(st.lists(st.tuples(_METHODS, _STATUSES, _ERRORS, st.floats(0, 20)), max_size=40))
def test_requests_counted_are_requests_exposed(
    requests: list[tuple[str, int, str, float]],
) -> None:
    meters = Meters("order")
    server = meters.server("inbound", "orders")
    for method, status, error, seconds in requests:
        server.open(method, status, error).observe(seconds)
    counted = samples(meters, "http_server_request_duration_seconds_count")
    assert sum(sample.value for sample in counted) == len(requests)
    # No two series have the same labels: Prometheus would refuse the page.
    assert len({tuple(sorted(sample.labels.items())) for sample in counted}) == len(counted)
    by_method = Counter(method for method, _, _, _ in requests)
    for method, count in by_method.items():
        of_method = [one for one in counted if one.labels["http_request_method"] == method]
        assert sum(one.value for one in of_method) == count
    for bound in DURATION_BUCKETS:
        below = samples(meters, "http_server_request_duration_seconds_bucket")
        assert sum(one.value for one in below if one.labels["le"] == str(bound)) == sum(
            seconds <= bound for *_, seconds in requests
        )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two"]),
            st.sampled_from([Mode.ENFORCE, Mode.SHADOW]),
            st.sampled_from(["admitted", "refused", "parked"]),
        )
    )
)
def test_decisions_counted_are_decisions_exposed(steps: list[tuple[str, Mode, str]]) -> None:
    meters = Meters("order")
    for rule, mode, result in steps:
        cell = meters.decision("rate_limits", rule, mode)
        setattr(cell, result, getattr(cell, result) + 1)
    exposed = {
        (one.labels["rule"], one.labels["mode"], one.labels["outcome"]): one.value
        for one in samples(meters, "sidecar_decisions_total")
        if one.value
    }
    assert exposed == Counter((rule, mode.value, result) for rule, mode, result in steps)


def test_objectives_tell_how_requests_ended_and_what_is_wanted() -> None:
    meters = Meters("order")
    meters.objective("gone").bad = 1
    cell = meters.objective("availability")
    cell.good, cell.bad, cell.shed = 3, 2, 1
    meters.aims = {"availability": Aim(0.999, 86_400.0, not_shed=True)}.copy
    assert cell is meters.objective("availability")
    name = "sidecar_slo_requests_total"
    assert [
        value(meters, name, slo="availability", outcome=outcome)
        for outcome in ("good", "bad", "shed")
    ] == [3, 2, 1]
    assert value(meters, name, slo="gone", outcome="bad") == 1
    [target] = samples(meters, "sidecar_slo_target_ratio")
    assert (target.labels["slo"], target.value) == ("availability", 0.999)
    assert value(meters, "sidecar_slo_over_seconds", slo="availability") == 86_400
    assert value(meters, "sidecar_slo_not_shed", slo="availability") == 1


def test_error_type_is_the_reason_else_the_status_of_an_error() -> None:
    meters = Meters("order")
    server = meters.server("inbound", "orders")
    client = meters.client("app", "127.0.0.1:9000")
    for status, error in ((200, ""), (404, ""), (500, ""), (504, "request_timeout")):
        server.open("GET", status, error).observe(0.1)
        client.open("GET", status, error).observe(0.1)
    client.open("GET", 0, "connect_failure").observe(0.1)

    def errors(name: str) -> dict[str, str]:
        return {
            one.labels["http_response_status_code"]: one.labels["error_type"]
            for one in samples(meters, name)
        }

    assert errors("http_server_request_duration_seconds_count") == {
        "200": "",
        "404": "",
        "500": "500",
        "504": "request_timeout",
    }
    assert errors("http_client_request_duration_seconds_count") == {
        "200": "",
        "404": "404",
        "500": "500",
        "504": "request_timeout",
        "": "connect_failure",
    }


def test_endpoints_are_told_apart_by_address_and_port() -> None:
    meters = Meters("order")
    for number, endpoint in enumerate(
        ("10.0.0.1:80", "[::1]:9000", "shop:80", "unix:/run/app.sock")
    ):
        meters.client("app", endpoint).connections_open = number
    assert [
        (one.labels["server_address"], one.labels["server_port"], one.value)
        for one in samples(meters, "sidecar_upstream_connections_open")
    ] == [("10.0.0.1", "80", 0), ("::1", "9000", 1), ("shop", "80", 2), ("/run/app.sock", "", 3)]


def test_plain_numbers_reach_their_metrics() -> None:
    meters = Meters("order")
    listener, server = meters.listener("inbound", "https"), meters.server("inbound", "orders")
    client = meters.client("app", "h:1")
    for index, (owner, attribute) in enumerate(
        (
            (listener, "connections_open"),
            (listener, "connections_total"),
            (listener, "bytes_received"),
            (listener, "bytes_sent"),
            (server, "in_flight"),
            (client, "requests_in_flight"),
            (client, "pending"),
            (client, "connections_open"),
            (client, "connects_total"),
            (client, "pool_overflows"),
            (client, "unsolicited_total"),
            (client, "ejections"),
        )
    ):
        setattr(owner, attribute, index + 1)
    assert [
        value(meters, name)
        for name in (
            "sidecar_downstream_connections_open",
            "sidecar_downstream_connections_total",
            "sidecar_downstream_received_bytes_total",
            "sidecar_downstream_sent_bytes_total",
            "sidecar_requests_in_flight",
            "sidecar_upstream_requests_in_flight",
            "sidecar_upstream_requests_pending",
            "sidecar_upstream_connections_open",
            "sidecar_upstream_connects_total",
            "sidecar_upstream_pool_overflows_total",
            "sidecar_upstream_unsolicited_total",
            "sidecar_upstream_ejections_total",
        )
    ] == list(range(1, 13))


def test_how_an_endpoint_is() -> None:
    meters = Meters("order")
    client = meters.client("app", "127.0.0.1:9000")
    assert value(meters, "sidecar_upstream_up") == 1
    assert value(meters, "sidecar_upstream_ejected") == 0
    client.is_up, client.is_ejected = False, True
    client.checks_passed, client.checks_failed = 7, 3
    assert value(meters, "sidecar_upstream_up") == 0
    assert value(meters, "sidecar_upstream_ejected") == 1
    name = "sidecar_upstream_health_checks_total"
    assert value(meters, name, result="success") == 7
    assert value(meters, name, result="failure") == 3
    # Of an endpoint that no rule set names any more there is nothing to say.
    client.is_up = client.is_ejected = None
    assert samples(meters, "sidecar_upstream_up") == []
    assert samples(meters, "sidecar_upstream_ejected") == []


def test_reasons_reach_their_metrics() -> None:
    meters = Meters("order")
    meters.listener("inbound").rejected("bad_request")
    meters.listener("inbound").connections_refused("too_many_connections", 2)
    meters.client("app", "h:1").connect_failures("connect_timeout", 3)
    meters.client("app", "h:1").retries_total("stale_connection", 4)
    meters.dropped(LOGS, "disk_full", 5)
    assert [
        max(one.value for one in samples(meters, name) if one.labels["reason"] == reason)
        for name, reason in (
            ("sidecar_requests_rejected_total", "bad_request"),
            ("sidecar_downstream_connections_refused_total", "too_many_connections"),
            ("sidecar_upstream_connect_failures_total", "connect_timeout"),
            ("sidecar_upstream_retries_total", "stale_connection"),
            ("sidecar_telemetry_dropped_total", "disk_full"),
        )
    ] == [1, 2, 3, 4, 5]


def test_reloads_tell_the_version_the_time_and_the_last_result() -> None:
    meters = Meters("order")
    meters.reloads.succeeded("1-ab", 1_700_000_000.5)
    meters.reloads.failed()
    assert value(meters, "sidecar_rules_info", version="1-ab") == 1
    assert value(meters, "sidecar_rules_reloads_total", result="success") == 1
    assert value(meters, "sidecar_rules_reloads_total", result="failure") == 1
    assert value(meters, "sidecar_rules_last_reload_successful") == 0
    assert value(meters, "sidecar_rules_last_reload_timestamp_seconds") == 1_700_000_000.5


def test_an_exemplar_stands_at_its_bucket() -> None:
    meters = Meters("order")
    cell = meters.server("inbound", "orders").open("GET", 200)
    cell.observe(0.3)
    cell.exemplify(0.3, "4bf92f3577b34da6a3ce929d0e0e4736", 1_700_000_000.1234, "00f067aa0ba902b7")
    [tied] = [
        one for one in samples(meters, "http_server_request_duration_seconds_bucket") if one[4]
    ]
    assert tied.labels["le"] == "0.5"
    assert tied.exemplar is not None
    assert tied.exemplar == (
        {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7"},
        0.3,
        1_700_000_000.123,
    )
