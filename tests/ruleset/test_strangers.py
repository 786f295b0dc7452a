from __future__ import annotations

import pytest

from sidecar.model.http import RequestHead
from sidecar.model.verdict import Respond
from sidecar.ruleset.routes import Route, Timeouts
from sidecar.ruleset.strangers import HOSTS_AT_MOST, Strangers, refused_route

OURS = [(b"127.0.0.1", b"15001"), (b"localhost", b"15001")]


def asking(host: bytes, target: bytes = b"/") -> RequestHead:
    request = RequestHead("GET", target, 1)
    request.host = host
    return request


def strangers(previous: Strangers | None = None) -> Strangers:
    return Strangers(Timeouts(), OURS, previous)


def refusal(route: Route, request: RequestHead) -> tuple[int, str, str] | None:
    if not route.chain.enforced:
        return None
    (step,) = route.chain.enforced
    verdict = step.peek(request, 0.0)
    assert isinstance(verdict, Respond)
    return verdict.reply.status, verdict.reply.reason, verdict.reply.detail


def test_each_host_has_a_cluster_of_its_own_and_no_name_in_metrics() -> None:
    some = strangers()
    route = some.route(asking(b"Example.org"))
    assert some.route(asking(b"example.org.:80")) is route
    assert some.route(asking(b"example.org:81")) is not route
    (endpoint,) = route.cluster.endpoints
    assert (endpoint.address.host, endpoint.address.port) == ("example.org", 80)
    assert (route.name, route.cluster.name, endpoint.name) == ("other", "other", "other")
    assert not route.chain.enforced


def test_who_was_not_called_for_longest_is_forgotten_first() -> None:
    some = strangers()
    first = some.route(asking(b"host-0"))
    for number in range(HOSTS_AT_MOST):
        assert some.route(asking(b"host-0")) is first
        some.route(asking(b"host-%d" % number))
    assert len([*some.clusters()]) == HOSTS_AT_MOST
    some.route(asking(b"one-more"))
    clusters = {*some.clusters()}
    assert len(clusters) == HOSTS_AT_MOST
    assert first.cluster in clusters
    assert "host-1" not in {one.endpoints[0].address.host for one in clusters}


def test_connections_outlive_a_reload() -> None:
    before = strangers()
    old = before.route(asking(b"example.org"))
    new = strangers(before).route(asking(b"example.org"))
    assert new is not old
    assert new.cluster is old.cluster


@pytest.mark.parametrize("host", [b"127.0.0.1:15001", b"LOCALHOST:15001", b""])
def test_the_sidecar_itself_is_not_called(host: bytes) -> None:
    request = asking(host)
    some = strangers()
    refused = refusal(some.route(request), request)
    assert refused is not None
    assert "others: pass" not in refused[2]
    assert not [*some.clusters()]


def test_no_other_spelling_leads_back_to_the_sidecar() -> None:
    before = strangers()
    (endpoint,) = before.route(asking(b"127.1:15001")).cluster.endpoints
    assert endpoint.not_here == {*OURS}
    after = Strangers(Timeouts(), [(b"127.0.0.1", b"15009")], before)
    (endpoint,) = after.route(asking(b"127.1:15001")).cluster.endpoints
    assert endpoint.not_here == {(b"127.0.0.1", b"15009")}


def test_what_is_asked_for_over_https_is_not_sent_in_the_clear() -> None:
    request = asking(b"example.org", b"HTTPS://example.org/")
    refused = refusal(strangers().route(request), request)
    assert refused is not None
    assert refused[:2] == (421, "misdirected")
    assert "https" in refused[2]


def test_who_is_refused_reads_what_to_do() -> None:
    request = asking(b"example.org")
    refused = refusal(refused_route("shop.yaml:3", Timeouts()), request)
    assert refused is not None
    assert refused[:2] == (421, "misdirected")
    assert "'example.org'" in refused[2]
    assert "hosts" in refused[2]
