from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.cluster.endpoint import UpstreamTls
from sidecar.cluster.lookup import ADDRESSES_AT_MOST, Lookup
from sidecar.cluster.pool import PoolSettings

LOOKUP = Lookup("coupon.shop.svc", 8080, 5.0, None, PoolSettings())
HOSTS = st.lists(st.sampled_from([f"10.0.0.{number}" for number in range(9)] + ["::1"]))


@given(st.lists(HOSTS, max_size=8))
def test_an_endpoint_stays_for_as_long_as_its_address_is_found(answers: list[list[str]]) -> None:
    known = LOOKUP.endpoints([], ())
    for hosts in answers:
        before = {one.address.host: one for one in known}
        known = LOOKUP.endpoints(hosts, known)
        assert [one.address.host for one in known] == sorted(set(hosts))
        for one in known:
            assert one is before.get(one.address.host, one)
            assert one.comes_and_goes
            assert one.address.port == 8080


def test_in_whatever_order_it_is_answered_it_is_the_same() -> None:
    known = LOOKUP.endpoints(["10.0.0.2", "10.0.0.1", "10.0.0.2"], ())
    assert LOOKUP.endpoints(["10.0.0.1", "10.0.0.2"], known) == known


def test_other_settings_make_other_endpoints() -> None:
    known = LOOKUP.endpoints(["10.0.0.1"], ())
    secured = Lookup("coupon.shop.svc", 8080, 5.0, UpstreamTls("coupon.shop.svc"), PoolSettings())
    (one,) = secured.endpoints(["10.0.0.1"], known)
    assert one is not known[0]
    assert one.tls == UpstreamTls("coupon.shop.svc")


def test_there_are_not_more_than_anybody_balances_over() -> None:
    hosts = [f"10.0.{number // 256}.{number % 256}" for number in range(1000)]
    assert len(LOOKUP.endpoints(hosts, ())) == ADDRESSES_AT_MOST


def test_lookups_are_spread_and_what_is_not_found_is_looked_for_sooner() -> None:
    assert LOOKUP.wait(0.0, found=True) == 4.5
    assert LOOKUP.wait(1.0, found=True) == 5.5
    assert LOOKUP.wait(0.5, found=False) == 1.0
    quick = Lookup("a", 1, 0.5, None, PoolSettings())
    assert quick.wait(0.5, found=False) == 0.5


def test_which_lookups_answer_one_another() -> None:
    other_settings = Lookup("coupon.shop.svc", 8080, 9.0, UpstreamTls("x"), PoolSettings())
    assert LOOKUP.asks_the_same(other_settings)
    assert not LOOKUP.asks_the_same(Lookup("coupon", 8080, 5.0, None, PoolSettings()))
    assert not LOOKUP.asks_the_same(Lookup("coupon.shop.svc", 80, 5.0, None, PoolSettings()))
    assert not LOOKUP.asks_the_same(None)
