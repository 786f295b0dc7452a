"""How a cluster is reached, and how trouble with it is worded."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from elastic_transport import ConnectionError as NotConnectedError
from elastic_transport import ConnectionTimeout, TlsError
from elasticsearch import ApiError, Elasticsearch

from sidecar.elastic.connect import connect, said
from tests.elastic.scripted_node import Answer, Scripted, error
from tests.integration.certificates import Authority


def _nodes(client: Elasticsearch) -> list[Any]:
    return [node.config for node in client.transport.node_pool.all()]


def test_nodes_have_the_usual_ports_and_a_prefix_stays() -> None:
    client = connect(["http://es-1", "https://es-2", "https://proxy:8443/es/"])

    assert {(node.host, node.port, node.path_prefix) for node in _nodes(client)} == {
        ("es-1", 9200, ""),
        ("es-2", 443, ""),
        ("proxy", 8443, "/es"),
    }


@pytest.mark.parametrize("hosts", [["http://a"], ["http://a", "http://b", "http://c"]])
def test_each_host_is_asked_once(hosts: list[str]) -> None:
    scripted = Scripted(lambda _asked: NotConnectedError("Connection refused"))

    with pytest.raises(NotConnectedError):
        scripted.client(*hosts).cluster.health()
    assert len(scripted.asked) == len(hosts)


def test_a_host_that_has_no_time_is_not_asked_again() -> None:
    scripted = Scripted(lambda _asked: error(503, "x", "busy"))

    with pytest.raises(ApiError):
        scripted.client("http://a", "http://b").cluster.health()
    assert len(scripted.asked) == 1


def test_certificates_are_checked_unless_that_is_switched_off(tmp_path: Path) -> None:
    ca = Authority(tmp_path).ca
    [usual] = _nodes(connect(["https://es"]))
    [private] = _nodes(connect(["https://es"], ca=str(ca)))
    [trusting] = _nodes(connect(["https://es"], verify=False))

    assert usual.ssl_context.verify_mode is ssl.CERT_REQUIRED
    assert usual.ssl_context.check_hostname
    assert (private.ca_certs, private.ssl_context) == (str(ca), None)
    assert [node.verify_certs for node in (usual, private, trusting)] == [True, True, False]


def test_authorities_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")

    for path in (tmp_path / "missing.pem", broken):
        with pytest.raises(OSError, match=r"."):
            connect(["https://es"], ca=str(path))


@pytest.mark.parametrize(
    "options, header",
    [
        ({"api_key": "a2V5"}, "ApiKey a2V5"),
        ({"user": ("sidecar", "secret")}, "Basic c2lkZWNhcjpzZWNyZXQ="),
        ({"api_key": "a2V5", "user": ("sidecar", "secret")}, "ApiKey a2V5"),
        ({}, None),
    ],
)
def test_who_asks_is_told_by_a_key_or_a_name(options: dict[str, Any], header: str | None) -> None:
    scripted = Scripted(lambda _asked: Answer(200, {}))
    scripted.client(**options).cluster.health()

    assert scripted.asked[0].headers.get("authorization") == header


def test_a_warning_of_the_cluster_is_not_ours() -> None:
    scripted = Scripted(lambda _asked: Answer(200, {}, {"warning": '299 ES-8 "deprecated"'}))

    scripted.client().cluster.health()


def test_trouble_is_worded_in_one_line() -> None:
    assert said(NotConnectedError("Connection\n  refused")) == "Connection refused"
    assert said(ConnectionTimeout("x")) == "no answer in time"
    assert said(TlsError("bad certificate")) == "no TLS with it: bad certificate"
    assert said(OSError("No such file")) == "No such file"
    assert len(said(OSError("x" * 999))) == 300


def test_the_reason_of_an_error_is_the_deepest() -> None:
    deep = {
        "error": {
            "type": "illegal_argument_exception",
            "reason": "template is invalid",
            "caused_by": {"type": "y", "reason": "bad", "caused_by": {"reason": "no such type"}},
        }
    }
    for answer, sentence in (
        (Answer(400, deep), "400 illegal_argument_exception: no such type"),
        (error(403, "security_exception", "no"), "403 security_exception: no"),
        (Answer(405, {"error": "Incorrect HTTP method"}), "405 Incorrect HTTP method"),
        (Answer(502, b"<html>"), "502 <html>"),
        (Answer(404, b""), "404"),
    ):
        with pytest.raises(ApiError) as caught:
            Scripted(lambda _asked, answer=answer: answer).client().cluster.health()  # type: ignore[misc] # mypy cannot infer a default
        assert said(caught.value) == sentence
