"""What the backend sends, and what it makes of every kind of answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from elastic_transport import ConnectionError as NotConnectedError
from elastic_transport import ConnectionTimeout, TlsError
from elasticsearch import Elasticsearch

from sidecar.export.backend import TAKEN, Delivery
from sidecar.export.bulk_form import STREAMLESS_SECONDS
from sidecar.export.documents import Documents
from sidecar.export.elasticsearch import ElasticsearchBackend
from sidecar.export.item import Item
from sidecar.export.settings import ElasticsearchSettings, SpoolSettings
from tests.elastic.scripted_node import Answer, Asked, Script, Scripted, error
from tests.export.samples import LOGS, METRICS, RESOURCE, SPANS

_PLACE = "Elasticsearch at http://es-1:9200"
_STRANGER = "what answers at http://es-1:9200 is not Elasticsearch, or its answer was cut"
_DOCUMENTS = Documents(RESOURCE, "shop")
_SPANS = [item for item in _DOCUMENTS.spans(SPANS) if item.signal == "traces"]
_ITEMS = _DOCUMENTS.spans(SPANS) + _DOCUMENTS.logs(LOGS)
_METRICS = _DOCUMENTS.metrics(METRICS)
_STREAMLESS = (
    "no such index [traces-governance.otel-shop] and the index creation request requires a data"
    " stream, but no matching index template with data stream template was found for it"
)
_UNNAMED = (
    "[1:80] failed to parse: _id must be unset or set to [i2IsafM7] but was [abc] because"
    " [.ds-metrics-1] is in time_series mode"
)


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _settings(**changed: Any) -> ElasticsearchSettings:
    return ElasticsearchSettings(
        urls=("http://es-1:9200",), spool=SpoolSettings("/spool"), **changed
    )


def _backend(script: Script, clock: _Clock | None = None) -> tuple[ElasticsearchBackend, Scripted]:
    scripted = Scripted(script)

    def connect_to(_settings: ElasticsearchSettings) -> Elasticsearch:
        return scripted.client()

    return ElasticsearchBackend(_settings(), clock or _Clock(), connect_to), scripted


def _result(status: int, kind: str = "", reason: str = "") -> dict[str, Any]:
    wrong = {"error": {"type": kind, "reason": reason}} if kind else {}
    return {"create": {"status": status, **wrong}}


def _answer(*results: dict[str, Any]) -> Answer:
    return Answer(200, {"errors": any("error" in one["create"] for one in results),
                        "items": list(results)})  # fmt: skip


def _created(asked: Asked) -> Answer:
    return _answer(*[_result(201)] * (len(asked.lines) // 2))


def _deliver(script: Script, items: Sequence[Item] = _ITEMS) -> Delivery:
    return _backend(script)[0].deliver(items)


def test_all_items_go_in_one_compressed_request_as_they_are() -> None:
    backend, scripted = _backend(_created)

    assert backend.deliver(_ITEMS) == TAKEN

    [asked] = scripted.asked
    assert asked.method == "POST"
    assert asked.target.startswith("/_bulk?filter_path=errors,items")
    assert "require_data_stream=true" in asked.target
    assert asked.headers["content-type"].startswith("application/vnd.elasticsearch+x-ndjson")
    assert asked.body == b"".join(item.data for item in _ITEMS)


def test_what_is_there_already_is_taken() -> None:
    conflict = _result(409, "version_conflict_engine_exception", "document already exists")

    assert _deliver(lambda _asked: _answer(conflict, _result(201)), _SPANS) == TAKEN


@pytest.mark.parametrize(
    "status, kind",
    [
        (429, "es_rejected_execution_exception"),
        (429, "cluster_block_exception"),
        (503, "unavailable_shards_exception"),
        (500, "something"),
        (403, "security_exception"),
    ],
)
def test_what_could_not_be_taken_now_is_to_be_tried_again(status: int, kind: str) -> None:
    delivery = _deliver(lambda _asked: _answer(_result(201), _result(status, kind, "busy")), _SPANS)

    assert delivery == Delivery(again=(1,), error=f"{status} {kind}: busy")


@pytest.mark.parametrize(
    "status, kind, word",
    [
        (400, "document_parsing_exception", "mapping"),
        (400, "mapper_parsing_exception", "mapping"),
        (400, "strict_dynamic_mapping_exception", "mapping"),
        (400, "illegal_argument_exception", "mapping"),
        (400, "timestamp_error", "too_old"),
        (404, "index_closed_exception", "rejected"),
    ],
)
def test_what_will_never_be_taken_is_refused_with_a_word(status: int, kind: str, word: str) -> None:
    delivery = _deliver(lambda _asked: _answer(_result(status, kind, "no"), _result(201)), _SPANS)

    assert delivery == Delivery(refused={0: word}, error=f"{status} {kind}: no")


@pytest.mark.parametrize("answer", [Answer(413, b"<html>too large</html>"), error(413, "x", "y")])
def test_a_body_that_is_too_large_is_split(answer: Answer) -> None:
    delivery = _deliver(lambda _asked: answer)

    assert (delivery.split, delivery.again) == ("too_large", ())


def test_a_body_that_elasticsearch_cannot_read_is_split_but_a_proxys_word_is_not_enough() -> None:
    broken = error(400, "x_content_e_o_f_exception", "[1:6] Unexpected end of file")
    assert _deliver(lambda _asked: broken).split == "rejected"

    delivery = _deliver(lambda _asked: Answer(400, b"<html>Bad Request</html>"))
    assert (delivery.split, delivery.again) == ("", range(len(_ITEMS)))


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        (NotConnectedError("Connection refused"), f"{_PLACE}: Connection refused"),
        (ConnectionTimeout("timed out"), f"{_PLACE}: no answer in time"),
        (TlsError("CERTIFICATE_VERIFY_FAILED"),
         f"{_PLACE}: no TLS with it: CERTIFICATE_VERIFY_FAILED"),
        (Answer(200, b"<html>Welcome</html>"),
         _STRANGER),
        (Answer(200, b'{"errors":false,"items":[{"cr', {
            "content-type": "application/json", "x-elastic-product": "Elasticsearch"}),
         _STRANGER),
        (Answer(200, {"errors": False}),
         _STRANGER),
        (Answer(200, {"errors": False, "items": [{"create": {"status": 201}}]}),
         _STRANGER),
        (Answer(200, {"errors": False, "items": ["?"] * len(_ITEMS)}),
         _STRANGER),
        (Answer(502, b"<html>Bad Gateway</html>"),
         f"{_PLACE}: 502 <html>Bad Gateway</html>"),
        (error(503, "cluster_block_exception", "blocked by: [no master];"),
         f"{_PLACE}: 503 cluster_block_exception: blocked by: [no master];"),
    ],
)  # fmt: skip
def test_what_is_in_doubt_as_a_whole_is_tried_again(wrong: Any, sentence: str) -> None:
    delivery = _deliver(lambda _asked: wrong)

    assert delivery == Delivery(again=range(len(_ITEMS)), error=sentence)


def test_who_asks_to_be_left_alone_is() -> None:
    busy = error(429, "circuit_breaking_exception", "no memory", **{"retry-after": "7"})
    assert _deliver(lambda _asked: busy).retry_after == 7.0

    dated = error(429, "x", "y", **{"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert _deliver(lambda _asked: dated).retry_after == 0.0


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_let_in_waits_for_an_operator(status: int) -> None:
    refusal = error(
        status, "security_exception", "unable to authenticate with provided credentials"
    )
    delivery = _deliver(lambda _asked: refusal)

    assert delivery.again == range(len(_ITEMS))
    assert delivery.retry_after == 30.0
    assert delivery.error == (
        f"Elasticsearch at http://es-1:9200 does not let its user write: {status}"
        " security_exception: unable to authenticate with provided credentials"
    )


def test_an_old_cluster_that_does_not_know_the_parameter_is_asked_without() -> None:
    def script(asked: Asked) -> Answer:
        if "require_data_stream" in asked.target:
            return error(
                400,
                "illegal_argument_exception",
                "request [/_bulk] contains unrecognized parameter: [require_data_stream]",
            )
        return _created(asked)

    backend, scripted = _backend(script)

    assert backend.deliver(_SPANS) == TAKEN
    assert backend.deliver(_SPANS) == TAKEN
    assert ["require_data_stream" in asked.target for asked in scripted.asked] \
        == [True, False, False]  # fmt: skip


def test_a_time_series_gets_its_documents_without_ids() -> None:
    def script(asked: Asked) -> Answer:
        return _answer(
            *(
                _result(400, "document_parsing_exception", _UNNAMED)
                if "_id" in line["create"]
                else _result(201)
                for line in asked.lines[::2]
            )
        )

    backend, scripted = _backend(script)

    assert backend.deliver(_METRICS) == TAKEN
    assert backend.deliver(_METRICS) == TAKEN
    assert len(scripted.asked) == 3
    last = scripted.asked[-1].lines
    assert last[0]["create"] == {
        "_index": "metrics-governance.otel-shop",
        "dynamic_templates": {"metrics.http.server.request.duration": "histogram"},
    }


class _Cluster:
    """A cluster without templates; ``provision`` gives it those for traces."""

    def __init__(self, create: Answer | None = None) -> None:
        self.indices: list[str] = []
        self.is_provisioned = False
        self._create = create or Answer(200, {"acknowledged": True})

    def __call__(self, asked: Asked) -> Answer:
        if asked.method == "PUT":
            self.indices.append(asked.target.removeprefix("/"))
            return self._create
        return _answer(*(self._one(line["create"]) for line in asked.lines[::2]))

    def _one(self, wanted: dict[str, Any]) -> dict[str, Any]:
        is_stream = self.is_provisioned and wanted["_index"].startswith("traces-")
        if wanted.get("require_data_stream", True) and not is_stream:
            return _result(404, "index_not_found_exception", _STREAMLESS)
        return _result(201)


def test_without_templates_documents_go_to_an_index_a_day_with_the_right_mappings() -> None:
    cluster = _Cluster()
    backend, scripted = _backend(cluster)

    assert backend.deliver(_ITEMS) == TAKEN

    assert cluster.indices == [
        "traces-governance.otel-shop-2026.01.12",
        "logs-governance.otel-shop-2026.01.12",
        "logs-application.otel-shop-2026.01.12",
    ]
    last = scripted.asked[-1]
    assert [line["create"]["_id"] for line in last.lines[::2]] == [item.id for item in _ITEMS]
    assert {line["create"]["_index"] for line in last.lines[::2]} == {*cluster.indices}
    assert [asked.body for asked in scripted.asked if asked.method == "PUT"]

    assert backend.deliver(_ITEMS) == TAKEN
    assert len(cluster.indices) == 3
    assert scripted.asked[-1].body == last.body


def test_once_templates_are_there_documents_go_to_streams() -> None:
    cluster, clock = _Cluster(), _Clock()
    backend, scripted = _backend(cluster, clock)
    backend.deliver(_SPANS)
    cluster.is_provisioned = True
    clock.now += STREAMLESS_SECONDS + 1

    assert backend.deliver(_SPANS) == TAKEN
    assert scripted.asked[-1].body == b"".join(item.data for item in _SPANS)


def test_a_template_that_comes_in_between_is_heeded() -> None:
    only = error(
        400, "illegal_argument_exception",
        "cannot create index with name [x], because it matches with template [y] that creates data"
        " streams only, use create data stream api instead",
    )  # fmt: skip
    cluster = _Cluster(only)

    def script(asked: Asked) -> Answer:
        answer = cluster(asked)
        cluster.is_provisioned = asked.method == "PUT" or cluster.is_provisioned
        return answer

    backend, scripted = _backend(script)

    assert backend.deliver(_SPANS) == TAKEN
    assert scripted.asked[-1].body == b"".join(item.data for item in _SPANS)


def test_who_may_not_create_indices_is_told_what_to_do_and_the_rest_is_taken() -> None:
    forbidden = error(403, "security_exception", "action [indices:admin/create] is unauthorized")
    cluster = _Cluster(forbidden)
    cluster.is_provisioned = True
    backend, _ = _backend(cluster)

    delivery = backend.deliver(_ITEMS)

    assert delivery.again == tuple(
        place for place, item in enumerate(_ITEMS) if item.signal == "logs"
    )
    assert delivery.error == (
        "no template makes its data streams, and an index cannot be created (403"
        " security_exception: action [indices:admin/create] is unauthorized):"
        " run 'sidecar provision elasticsearch'"
    )


def test_what_was_judged_before_the_line_broke_is_not_tried_again() -> None:
    answers: list[Answer | Exception] = [
        _answer(
            _result(201),
            _result(400, "document_parsing_exception", _UNNAMED),
            _result(400, "document_parsing_exception", "x"),
            _result(429, "y", "z"),
        ),
        NotConnectedError("Connection refused"),
    ]

    delivery = _deliver(lambda _asked: answers.pop(0), _METRICS)

    assert delivery == Delivery({2: "mapping"}, (1, 3), error=f"{_PLACE}: Connection refused")


def test_another_host_is_asked_when_one_cannot_be_reached() -> None:
    def script(asked: Asked) -> Answer | Exception:
        if len(scripted.asked) == 1:
            return NotConnectedError("Connection refused")
        return _created(asked)

    scripted = Scripted(script)
    backend = ElasticsearchBackend(
        _settings(), _Clock(), lambda _settings: scripted.client("http://a:9200", "http://b:9200")
    )

    assert backend.deliver(_ITEMS) == TAKEN
    assert len(scripted.asked) == 2


def test_after_close_and_after_bad_tls_a_new_client_is_made() -> None:
    made: list[Elasticsearch] = []
    answers: list[Any] = [TlsError("expired"), None, None]

    def script(asked: Asked) -> Answer | Exception:
        return answers.pop(0) or _created(asked)

    scripted = Scripted(script)

    def connect_to(_settings: ElasticsearchSettings) -> Elasticsearch:
        made.append(scripted.client())
        return made[-1]

    backend = ElasticsearchBackend(_settings(), _Clock(), connect_to)
    assert backend.deliver(_ITEMS).again
    assert backend.deliver(_ITEMS) == TAKEN
    backend.close()
    backend.close()
    assert backend.deliver(_ITEMS) == TAKEN
    assert len(made) == 3


def test_a_ca_that_cannot_be_read_is_told_and_read_again_the_next_time() -> None:
    backend = ElasticsearchBackend(
        ElasticsearchSettings(("https://es-1:9200",), SpoolSettings("/spool"), ca="/no/such.pem")
    )

    for _ in range(2):
        delivery = backend.deliver(_SPANS)
        assert delivery.again == range(2)
        assert "No such file" in delivery.error
