from __future__ import annotations

from typing import Any

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.sources import NAMES, Place, Places, sources
from sidecar.provision.grafana.wanted import LOGS, PROMETHEUS, SPANS, TRACES

_ALL = Places(Place("http://prom:9090"), Place("http://es:9200"), Place("http://traces:16686"))


def _data(places: Places) -> dict[str, dict[str, Any]]:
    return {wanted.key: wanted.body["jsonData"] for wanted in sources(places)}


def test_each_is_wanted_when_its_address_is_given() -> None:
    assert sources(Places()) == []
    assert [one.key for one in sources(Places(prometheus=Place("http://p")))] == [PROMETHEUS]
    assert [one.key for one in sources(Places(elasticsearch=Place("http://e")))] == [LOGS, SPANS]
    assert {one.key for one in sources(_ALL)} == NAMES.keys()
    assert {one.body["name"] for one in sources(_ALL)} == set(NAMES.values())


def test_exemplars_lead_to_traces_traces_to_logs_and_logs_back() -> None:
    data = _data(_ALL)

    assert data[PROMETHEUS]["exemplarTraceIdDestinations"][0]["datasourceUid"] == TRACES
    assert data[TRACES]["tracesToLogsV2"]["datasourceUid"] == LOGS
    assert data[TRACES]["tracesToLogsV2"]["query"] == 'trace_id:"${__span.traceId}"'
    for uid in (LOGS, SPANS):
        assert data[uid]["dataLinks"][0]["datasourceUid"] == TRACES


def test_nothing_leads_to_what_is_not_there() -> None:
    alone = {
        **_data(Places(prometheus=Place("http://p"))),
        **_data(Places(elasticsearch=Place("http://e"))),
        **_data(Places(traces=Place("http://t"))),
    }

    assert "sidecar-" not in str(alone.values())


def test_how_often_is_scraped_is_the_smallest_step() -> None:
    places = Places(prometheus=Place("http://p"), scrape_interval="5s")

    assert _data(places)[PROMETHEUS]["timeInterval"] == "5s"
    assert _data(places)[PROMETHEUS]["httpMethod"] == "POST"


def test_secrets_are_beside_what_is_shown() -> None:
    place = Place(
        "http://p",
        "reader",
        SecretText("canary"),
        authorities=SecretText("-----BEGIN canary"),
    )
    [wanted] = sources(Places(prometheus=place))

    assert wanted.body["basicAuth"] is True
    assert wanted.body["basicAuthUser"] == "reader"
    assert wanted.body["jsonData"]["tlsAuthWithCACert"] is True
    assert set(wanted.secrets) == {"basicAuthPassword", "tlsCACert"}
    assert "canary" not in repr(wanted)


def test_a_header_in_place_of_a_user() -> None:
    place = Place("http://e", authorization=SecretText("ApiKey canary"))

    for wanted in sources(Places(elasticsearch=place)):
        assert wanted.body["basicAuth"] is False
        assert wanted.body["jsonData"]["httpHeaderName1"] == "Authorization"
        assert wanted.secrets["httpHeaderValue1"].reveal() == "ApiKey canary"
