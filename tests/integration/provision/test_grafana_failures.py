"""Whatever fails half-way, the next run completes it; nothing is done twice, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest

from sidecar.provision.grafana import boards
from sidecar.provision.grafana.settling import WAITS
from sidecar.provision.step import What
from tests.integration.provision.grafana_runs import counted, run, stored
from tests.servers.grafana.examples import BOARD
from tests.servers.grafana.failures import Failure, ProxyPage, Reset, Status
from tests.servers.grafana.listening import run_grafana
from tests.servers.grafana.server import Grafana
from tests.servers.grafana.state import State

pytestmark = pytest.mark.integration

_TRIES = len(WAITS) + 1
#: One of each is enough for CI.
_LASTING = (
    pytest.param(Status(status=500), id="500"),
    pytest.param(Reset(), id="reset", marks=pytest.mark.soak),
    pytest.param(ProxyPage(), id="page of a proxy", marks=pytest.mark.soak),
)
_REFUSALS = (
    pytest.param(Status(status=403, message="Permissions needed"), id="403"),
    pytest.param(Status(status=412, message="version mismatch"), id="412"),
    pytest.param(Status(status=401), id="401", marks=pytest.mark.soak),
    pytest.param(Status(status=409), id="409", marks=pytest.mark.soak),
)
_ONCE = (
    pytest.param(Reset(applied=True), id="done, and reset"),
    pytest.param(Status(status=504, applied=True), id="done, and 504", marks=pytest.mark.soak),
    pytest.param(Status(status=429, message="slowly"), id="429", marks=pytest.mark.soak),
)


@pytest.fixture(scope="module")
def grafana() -> Iterator[Grafana]:
    """One for all; each run begins with a new memory."""
    with run_grafana() as server:
        yield server
        assert server.violations == []


@pytest.fixture(scope="module", autouse=True)
def _one_small_dashboard() -> Iterator[None]:
    """The real ones are large, and are checked line by line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boards, "_generated", lambda: [deepcopy(BOARD)])
        yield


@pytest.fixture(scope="module")
def wanted(grafana: Grafana) -> tuple[object, int]:
    """What is there after a run in which all goes well, and of how many requests that is."""
    _renew(grafana)
    run(grafana)
    return stored(grafana), len(grafana.requests)


def _renew(grafana: Grafana) -> None:
    grafana.forget()
    grafana.state = State()


@pytest.mark.parametrize("failure", _LASTING)
def test_each_request_fails_once_for_good(
    grafana: Grafana, wanted: tuple[object, int], failure: Failure
) -> None:
    after, requests = wanted
    for nth in range(1, requests + 1):
        _renew(grafana)
        grafana.fail(failure, nth=nth, times=_TRIES)

        assert counted(run(grafana))[What.REFUSED] > 0, f"request {nth}"
        grafana.forget()
        assert counted(run(grafana))[What.REFUSED] == 0, f"request {nth}"
        assert stored(grafana) == after, f"request {nth}"


@pytest.mark.parametrize("failure", _REFUSALS)
def test_each_write_is_refused_once(
    grafana: Grafana, wanted: tuple[object, int], failure: Failure
) -> None:
    after, _ = wanted
    nth = 0
    while True:
        nth += 1
        _renew(grafana)
        grafana.fail(failure, nth=nth, writes=True)
        steps = run(grafana)
        if not counted(steps)[What.REFUSED]:
            break
        grafana.forget()
        run(grafana)
        assert stored(grafana) == after, f"write {nth}"
    assert nth > 10


@pytest.mark.parametrize("failure", _ONCE)
def test_what_fails_for_a_moment_needs_no_second_run(
    grafana: Grafana, wanted: tuple[object, int], failure: Failure
) -> None:
    after, requests = wanted
    for nth in range(2, requests + 1):
        _renew(grafana)
        grafana.fail(failure, nth=nth)

        assert counted(run(grafana)).keys() == {What.CREATED}, f"request {nth}"
        assert stored(grafana) == after, f"request {nth}"
