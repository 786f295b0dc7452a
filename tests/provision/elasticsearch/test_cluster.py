from __future__ import annotations

import pytest
from elastic_transport import ConnectionError as NotConnectedError

from sidecar.provision.elasticsearch.cluster import Cluster
from sidecar.provision.elasticsearch.wanted import Kind, Wanted
from sidecar.provision.step import Refused
from tests.elastic.scripted_node import Answer, Asked, Scripted, error
from tests.provision.elasticsearch.pretended import PretendedCluster

_THING = Wanted(Kind.COMPONENT, "sidecar-x", {"template": {}, "_meta": {"managed_by": "sidecar"}})
_FORBIDDEN = error(403, "security_exception", "unauthorized")


def test_what_was_put_is_there() -> None:
    cluster = Cluster(PretendedCluster().client())

    assert cluster.get(Kind.COMPONENT, "sidecar-x") is None
    cluster.put(_THING)
    assert (cluster.get(Kind.COMPONENT, "sidecar-x") or {})["_meta"] == {"managed_by": "sidecar"}
    assert cluster.get(Kind.INDEX, "sidecar-x") is None


def test_streams_say_how_long_they_keep() -> None:
    pretended = PretendedCluster()
    pretended.streams = {"traces-a": "7d", "traces-b": None, "logs-a": "1d"}
    cluster = Cluster(pretended.client())

    assert cluster.streams("traces-*") == {"traces-a": "7d", "traces-b": ""}
    assert cluster.named("traces-*") == ["traces-a", "traces-b"]
    cluster.keep("traces-b", "3d")
    assert pretended.streams["traces-b"] == "3d"


def test_a_no_is_told_with_its_reason() -> None:
    cluster = Cluster(Scripted(lambda _asked: _FORBIDDEN).client())

    for refused in (
        lambda: cluster.get(Kind.INDEX, "x"),
        lambda: cluster.put(_THING),
        lambda: cluster.probe({}),
        lambda: cluster.streams("*"),
        lambda: cluster.named("*"),
        lambda: cluster.keep("x", "7d"),
    ):
        with pytest.raises(Refused, match="403 security_exception: unauthorized"):
            refused()


def test_out_of_reach_is_another_thing() -> None:
    cluster = Cluster(Scripted(lambda _asked: NotConnectedError("refused")).client())

    with pytest.raises(NotConnectedError):
        cluster.get(Kind.INDEX, "x")


def test_the_version_is_told_by_whoever_tells_it() -> None:
    def restricted(asked: Asked) -> Answer:
        if asked.target == "/":
            return Answer(405, {"error": "Incorrect HTTP method", "status": 405})
        return Answer(200, {"nodes": {"abc": {"version": "8.19.4"}}})

    assert Cluster(PretendedCluster().client()).version == "9.9.9"
    assert Cluster(Scripted(restricted).client()).version == "8.19.4"
    assert Cluster(Scripted(lambda _asked: _FORBIDDEN).client()).version == ""
    assert Cluster(Scripted(lambda _asked: Answer(200, {})).client()).version == ""
