"""How many files may be open, and how many the rules may need."""

from __future__ import annotations

import resource

import pytest

from sidecar.cluster.pool import PoolSettings
from sidecar.proxy.descriptors import most_needed, raise_limit, shortage
from sidecar.ruleset.routes import ListenerLimits
from tests.proxy.harness import endpoint, rules_for


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limits of the process, the last ones being in force."""
    found = [(1024, 4096)]

    def change(_which: int, wanted: tuple[int, int]) -> None:
        found.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _which: found[-1])
    monkeypatch.setattr(resource, "setrlimit", change)
    return found


def test_all_that_the_system_allows_is_used(limits: list[tuple[int, int]]) -> None:
    raise_limit()
    assert limits[-1] == (4096, 4096)


@pytest.mark.parametrize("error", [ValueError("not permitted"), OSError("not permitted")])
def test_what_cannot_be_raised_stays(
    limits: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refused(*_: object) -> None:
        raise error

    monkeypatch.setattr(resource, "setrlimit", refused)
    raise_limit()
    assert limits == [(1024, 4096)]


def test_clients_and_connections_to_every_endpoint_count() -> None:
    pools = [PoolSettings(max_connections=30), PoolSettings(max_connections=4)]
    rules = rules_for(
        [endpoint(port, pool=pool) for port, pool in enumerate(pools, 1)],
        limits=ListenerLimits(connections=500),
    )
    assert most_needed(rules) == 534


@pytest.mark.parametrize("clients, is_short", [(1024 - 200, False), (1024 - 199, True)])
def test_more_connections_than_files_are_said(
    limits: list[tuple[int, int]], clients: int, *, is_short: bool
) -> None:
    rules = rules_for([endpoint(1)], limits=ListenerLimits(connections=clients))
    said = shortage(rules)
    assert bool(said) is is_short
    assert not said or "the rules allow 1025 connections, the system 1024 open files" in said
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert shortage(rules) == "", "a system that sets no bound is believed"
