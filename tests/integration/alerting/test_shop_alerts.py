"""Every alert that the shop's rule files name is told when it must be, and at no other time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo_services.shop.story.layout import SERVICES
from tests.integration.alerting.alerted_shop import AlertedShop, run_alerted_shop
from tests.integration.alerting.told import Key, key_of, keys, loaded, mistakes
from tests.servers.ports import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.alone, pytest.mark.timeout(300)]

_QUIET_SECONDS = 16
_AGAIN_WELL_SECONDS = 8
#: Of alerts that look back for seconds.
_TOLD_WITHIN_SECONDS = 40.0
#: Of those that look back for a minute and a half.
_SLOW_SECONDS = 180.0
_PRODUCTION_SECONDS = 60


@pytest.fixture
def shop() -> Iterator[AlertedShop]:
    """The shop in the demo's short time."""
    with run_alerted_shop() as started:
        yield started


def test_every_alert_of_the_shop_is_told_and_ends(shop: AlertedShop) -> None:
    expected = loaded(shop.watched.prometheus)
    _play_everything(shop, expected)
    assert keys(shop.webhook, "firing") == expected
    assert keys(shop.webhook, "resolved") >= {key for key in expected if not key.is_slow}
    _insist_on_sense(shop)


@pytest.mark.soak
def test_slow_alerts_end_too(shop: AlertedShop) -> None:
    expected = loaded(shop.watched.prometheus)
    _play_everything(shop, expected)
    _wait_for(shop, "resolved", expected, _SLOW_SECONDS)
    assert keys(shop.webhook, "resolved") == expected
    assert shop.watched.prometheus.alerts() == []
    _insist_on_sense(shop)


@pytest.mark.soak
def test_nothing_fires_in_quiet_as_in_production() -> None:
    with run_alerted_shop("production") as shop:
        shop.usual(_PRODUCTION_SECONDS)
        assert loaded(shop.watched.prometheus)
        assert shop.watched.prometheus.alerts() == []
        assert shop.webhook.deliveries == []


def _play_everything(shop: AlertedShop, expected: set[Key]) -> None:
    quick = {key for key in expected if not key.is_slow and key.name != "SidecarAbsent"}
    shop.usual(_QUIET_SECONDS)
    assert shop.watched.prometheus.alerts() == []
    assert shop.webhook.deliveries == []
    shop.slow_inventory()
    _insist_that_pages_keep_tickets_back(shop)
    shop.inventory_well()
    shop.rush_of_errors()
    shop.rush_over()
    shop.usual(_AGAIN_WELL_SECONDS)
    # What ends while something else keeps it back is never told as resolved: all must end before.
    _wait_for(shop, "resolved", quick, _TOLD_WITHIN_SECONDS)
    _wait_for(shop, "firing", {key for key in expected if key.is_slow}, _TOLD_WITHIN_SECONDS)
    _go_and_come_back(shop, {key for key in expected if key.name == "SidecarAbsent"})


def _insist_that_pages_keep_tickets_back(shop: AlertedShop) -> None:
    """Who was woken by an objective needs no ticket about it.

    One that came before is none: what looks back for a day has a quarter of a minute here.
    """
    slow = [
        one
        for one in shop.alertmanager.alerts(alertname="SidecarSloBurn", severity="ticket")
        if one["labels"]["service"] in {"inventory", "order"}
    ]
    assert len(slow) == 2, slow
    assert all(one["status"]["inhibitedBy"] for one in slow), slow


def _go_and_come_back(shop: AlertedShop, absent: set[Key]) -> None:
    assert {key.service for key in absent} == set(SERVICES)
    shop.watched.shop.stop()
    _wait_for(shop, "firing", absent, _TOLD_WITHIN_SECONDS)
    # Of a service that is not there nothing else is told, whatever goes on firing.
    others = [
        one for one in shop.alertmanager.alerts() if one["labels"]["alertname"] != "SidecarAbsent"
    ]
    assert others
    assert all(one["status"]["inhibitedBy"] for one in others), others
    shop.watched.shop.start()
    _wait_for(shop, "resolved", absent, _TOLD_WITHIN_SECONDS)


def _wait_for(shop: AlertedShop, status: str, wanted: set[Key], seconds: float) -> None:
    assert status in {"firing", "resolved"}

    def told() -> set[Key]:
        return {
            key_of(one.name, one.labels) for one in shop.webhook.alerts() if one.status == status
        }

    try:
        wait_until(lambda: wanted <= told(), status, seconds)
    except TimeoutError:
        pytest.fail(f"never told as {status}: {sorted(wanted - told())}")


def _insist_on_sense(shop: AlertedShop) -> None:
    found = [mistake for one in shop.webhook.alerts() for mistake in mistakes(one)]
    assert found == []
