"""Which endpoints get requests, on a virtual clock and against the promises as a model."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.cluster.balancer import Balancer
from sidecar.cluster.ejection import EjectSettings
from sidecar.cluster.endpoint import Cluster, Endpoint, EndpointAddress
from sidecar.cluster.health import FAULTS, CheckSettings, Health
from sidecar.cluster.pool import PoolSettings
from sidecar.model import outcome
from sidecar.model.outcome import Failure
from sidecar.model.policy import Notice
from sidecar.telemetry.attributes import ATTRIBUTES

NOW = 1000.0
EJECT = EjectSettings(after=3, seconds=30.0, at_most=0.5)
CHECKS = CheckSettings(healthy_after=2, unhealthy_after=3)


def endpoints(size: int) -> tuple[Endpoint, ...]:
    addresses = [EndpointAddress("10.0.0.1", port) for port in range(size)]
    return tuple(Endpoint(address, None, PoolSettings()) for address in addresses)


class Group:
    """A cluster with what it told."""

    def __init__(
        self,
        size: int = 2,
        eject: EjectSettings | None = EJECT,
        checks: CheckSettings | None = CHECKS,
    ) -> None:
        self.told: list[Notice] = []
        self.health = Health("app", self.told.append)
        self.all = endpoints(size)
        self.cluster = self.reload(self.all, eject, checks)

    def reload(
        self,
        members: tuple[Endpoint, ...],
        eject: EjectSettings | None = EJECT,
        checks: CheckSettings | None = CHECKS,
    ) -> Cluster:
        """What a changed rule file, or another answer of DNS, does."""
        self.cluster = Cluster("app", members, Balancer(), self.health)
        self.cluster.eject, self.cluster.checks = eject, checks
        self.cluster.go_live()
        return self.cluster

    def fail(self, endpoint: Endpoint, now: float = NOW, times: int = 3) -> None:
        for _ in range(times):
            self.health.heard(endpoint, 500, "", now)

    def check(self, endpoint: Endpoint, *problems: str, now: float = NOW) -> None:
        for problem in problems:
            self.health.checked(endpoint, problem, now)

    def picked(self, times: int = 8) -> set[Endpoint | None]:
        return {self.cluster.pick() for _ in range(times)}


def test_failures_in_a_row_eject_an_endpoint_for_a_while() -> None:
    group = Group()
    a, b = group.all
    group.fail(a, times=2)
    group.health.heard(a, 200, "", NOW)
    group.fail(a, times=2)
    assert group.picked() == {a, b}
    group.fail(a, times=1)
    assert group.picked() == {b}
    group.health.look(NOW + 29.9)
    assert group.picked() == {b}
    group.health.look(NOW + 30.0)
    assert group.picked() == {a, b}
    assert [notice.text for notice in group.told] == [
        "endpoint 10.0.0.1:0 of app is ejected for 30s: 3 failures in a row",
        "endpoint 10.0.0.1:0 of app is no longer ejected: its time was over",
    ]
    assert group.told[0].event == "sidecar.endpoint"
    assert group.told[0].facts == {
        "sidecar.upstream": "app",
        "sidecar.endpoint": "10.0.0.1:0",
        "sidecar.endpoint_state": "ejected",
    }
    assert {attribute.name for attribute in ATTRIBUTES} >= {*group.told[0].facts}


def test_who_is_back_is_on_probation() -> None:
    group = Group()
    a, b = group.all
    group.fail(a)
    group.health.look(NOW + 30.0)
    group.fail(a, NOW + 31.0, times=1)
    assert group.picked() == {b}
    group.health.look(NOW + 31.0 + 60.0)
    group.health.heard(a, 200, "", NOW + 95.0)
    group.fail(a, NOW + 95.0, times=2)
    assert group.picked() == {a, b}


@pytest.mark.parametrize(
    "status, error, counts",
    [
        (500, "", True),
        (503, "", True),
        (0, "upstream_reset", True),
        (0, "per_try_timeout", True),
        (200, "", False),
        (404, "", False),
        (429, "", False),
        (0, "stale_connection", False),
        (0, "client_gone", False),
        (0, "pool_overflow", False),
        (0, "drain_expired", False),
    ],
)
def test_what_is_held_against_an_endpoint(status: int, error: str, counts: bool) -> None:
    group = Group()
    for _ in range(30):
        group.health.heard(group.all[0], status, error, NOW)
    assert (group.all[0] in group.health.down) is counts


def test_what_says_nothing_does_not_excuse_either() -> None:
    group = Group()
    for error in ("upstream_reset", "client_gone", "upstream_reset", "client_gone"):
        group.health.heard(group.all[0], 0, error, NOW)
    group.health.failed(group.all[0], NOW)
    assert not group.all[0].is_well


def test_faults_are_reasons_of_failures_that_are_the_upstreams() -> None:
    failures = {one.reason: one for one in vars(outcome).values() if isinstance(one, Failure)}
    assert {*failures} >= FAULTS
    assert all(failures[reason].source is outcome.Source.UPSTREAM for reason in FAULTS)


@pytest.mark.parametrize("size, out", [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)])
def test_no_more_than_a_share_is_out(size: int, out: int) -> None:
    group = Group(size)
    for endpoint in group.all:
        group.fail(endpoint, times=9)
    assert len(group.health.down) == out
    assert group.picked() == {*group.all[out:]}


def test_who_could_not_be_ejected_is_when_there_is_room() -> None:
    group = Group(2)
    a, b = group.all
    group.fail(a)
    group.fail(b, times=9)
    assert group.picked() == {b}
    group.health.look(NOW + 30.0)
    group.fail(b, NOW + 30.0, times=1)
    assert group.picked() == {a}


def test_checks_take_an_endpoint_out_and_back() -> None:
    group = Group()
    a, b = group.all
    group.check(a, "refused", "refused", "", "refused", "refused")
    assert group.picked() == {a, b}
    group.check(a, "it answered 500")
    assert group.picked() == {b}
    group.check(a, "", "refused", "")
    assert group.picked() == {b}
    group.check(a, "")
    assert group.picked() == {a, b}
    assert (a.checks.passed, a.checks.failed) == (4, 6)
    assert [notice.text for notice in group.told] == [
        "endpoint 10.0.0.1:0 of app fails its health checks: it answered 500",
        "endpoint 10.0.0.1:0 of app passes its health checks",
    ]


def test_when_all_fail_their_checks_there_is_no_endpoint() -> None:
    group = Group(1)
    group.check(group.all[0], "a", "b", "c")
    assert group.cluster.pick() is None


def test_a_successful_check_ends_an_ejection() -> None:
    group = Group()
    a, b = group.all
    group.fail(a)
    group.check(a, "")
    assert group.picked() == {a, b}
    group.fail(a, times=2)
    assert group.picked() == {a, b}
    group.fail(a, times=1)
    assert group.picked() == {b}


def test_who_is_ejected_and_unhealthy_needs_both_to_end() -> None:
    group = Group()
    a, b = group.all
    group.fail(a)
    group.check(a, "x", "x", "x")
    group.health.look(NOW + 30.0)
    assert group.picked() == {b}
    group.check(a, "", "")
    assert group.picked() == {a, b}


def test_state_stays_with_the_endpoint_over_reloads() -> None:
    group = Group()
    a, b = group.all
    old = group.cluster
    group.fail(a)
    group.reload((a, b, *endpoints(1)), EjectSettings(after=9))
    assert a not in group.picked()
    # A request of the rule set before looks at the same health.
    assert {old.pick() for _ in range(4)} == {b}
    group.health.look(NOW + 30.0)
    assert a in group.picked()


def test_without_the_setting_nobody_is_out_any_more() -> None:
    group = Group()
    a, b = group.all
    group.fail(a)
    group.check(b, "x", "x", "x")
    group.reload(group.all, None, CHECKS)
    assert group.picked() == {a}
    assert a.watch is None
    group.reload(group.all, None, None)
    assert group.picked() == {a, b}
    group.check(b, "x", "x", "x")
    assert group.picked() == {a, b}


def test_an_endpoint_that_went_is_forgotten() -> None:
    group = Group()
    a, b = group.all
    group.fail(a)
    group.reload((b,))
    assert group.health.down == set()
    group.fail(a, times=9)
    group.check(a, "x", "x", "x")
    assert group.health.down == set()


class Promises(RuleBasedStateMachine):
    """Anything may happen to anybody at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.group = Group(4)
        self.now = NOW

    @property
    def one(self) -> tuple[Endpoint, ...]:
        return self.group.cluster.endpoints

    @rule(seconds=st.sampled_from([0.1, 29.0, 31.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.group.health.look(self.now)

    @rule(which=st.integers(0, 3), bad=st.booleans(), times=st.integers(1, 4))
    def requests(self, which: int, bad: bool, times: int) -> None:
        endpoint = self.group.all[which]
        before = {*self.group.health.down}
        for _ in range(times):
            self.group.health.heard(endpoint, 500 if bad else 200, "", self.now)
        if self.group.health.down - before:
            # Nobody is ejected beyond the share, whoever else is out for whatever reason.
            assert len(self.group.health.down) <= EJECT.may_be_out(len(self.one))

    @rule(which=st.integers(0, 3), problem=st.sampled_from(["", "", "bad"]))
    def check(self, which: int, problem: str) -> None:
        self.group.health.checked(self.group.all[which], problem, self.now)

    @rule(size=st.integers(1, 4), eject=st.booleans(), checks=st.booleans())
    def reload(self, size: int, eject: bool, checks: bool) -> None:
        members = self.group.all[:size]
        self.group.reload(members, EJECT if eject else None, CHECKS if checks else None)

    @invariant()
    def those_are_down_who_are_not_well(self) -> None:
        assert self.group.health.down == {one for one in self.one if not one.is_well}

    @invariant()
    def nobody_is_out_longer_than_was_said(self) -> None:
        for endpoint in self.one:
            assert not endpoint.ejection.is_out or endpoint.ejection.until > self.now

    @invariant()
    def who_is_picked_is_well(self) -> None:
        picked = self.group.cluster.pick()
        assert picked is None or picked.is_well
        assert (picked is None) == (not any(one.is_well for one in self.one))


TestPromises = Promises.TestCase
