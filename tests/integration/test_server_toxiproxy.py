"""The broken network that other tests lean on breaks as they take for granted."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterator

import pytest

from tests.servers.nginx import LARGE_BODY_BYTES, SMALL_BODY, Nginx
from tests.servers.ports import is_listening
from tests.servers.toxiproxy import Proxy, Toxiproxy


@pytest.fixture
def proxy(toxiproxy: Toxiproxy, nginx: Nginx) -> Proxy:
    return toxiproxy.in_front_of(nginx.address)


@pytest.fixture
def connection(proxy: Proxy) -> Iterator[http.client.HTTPConnection]:
    with contextlib.closing(http.client.HTTPConnection(proxy.address, timeout=10)) as it:
        yield it


def _get(connection: http.client.HTTPConnection, target: str = "/small") -> bytes:
    connection.request("GET", target)
    return connection.getresponse().read()


def _seconds(connection: http.client.HTTPConnection, target: str = "/small") -> float:
    started = time.monotonic()
    _get(connection, target)
    return time.monotonic() - started


def test_nothing_is_wrong_at_first(connection: http.client.HTTPConnection) -> None:
    assert _get(connection) == SMALL_BODY
    assert len(_get(connection, "/large")) == LARGE_BODY_BYTES


def test_latency_comes_and_goes(proxy: Proxy, connection: http.client.HTTPConnection) -> None:
    _get(connection)
    toxic = proxy.add("latency", latency=200)
    assert _seconds(connection) >= 0.2
    proxy.remove(toxic)
    assert _seconds(connection) < 0.2


def test_bandwidth(proxy: Proxy, connection: http.client.HTTPConnection) -> None:
    proxy.add("bandwidth", rate=LARGE_BODY_BYTES // 1000 * 2)
    assert _seconds(connection, "/large") >= 0.3


def test_sliced_it_is_still_whole(proxy: Proxy, connection: http.client.HTTPConnection) -> None:
    proxy.add("slicer", average_size=16, size_variation=8, delay=100)
    assert _get(connection) == SMALL_BODY


def test_no_answer_until_it_is_healed(proxy: Proxy, connection: http.client.HTTPConnection) -> None:
    proxy.add("timeout", timeout=0)
    connection.timeout = 0.2
    with pytest.raises(TimeoutError):
        _get(connection)
    connection.close()
    proxy.heal()
    connection.timeout = 10
    assert _get(connection) == SMALL_BODY


def test_reset(proxy: Proxy, connection: http.client.HTTPConnection) -> None:
    proxy.add("reset_peer", timeout=0)
    with pytest.raises(ConnectionResetError):
        _get(connection)


def test_down_and_up_again(proxy: Proxy, connection: http.client.HTTPConnection) -> None:
    _get(connection)
    proxy.down()
    assert not is_listening(proxy.address)
    with pytest.raises(http.client.RemoteDisconnected):
        _get(connection)
    proxy.up()
    assert _get(connection) == SMALL_BODY


def test_a_toxic_that_it_does_not_know(proxy: Proxy) -> None:
    with pytest.raises(ValueError, match="invalid toxic type"):
        proxy.add("curse")
