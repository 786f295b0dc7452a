"""Six faults, staged one after the other on the shop: what goes wrong, and how it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from demo_services.load.plan import Client, Step
from demo_services.shop.story.customers import CUSTOMERS, crowd, one_user, steps
from demo_services.shop.story.layout import INVENTORY, STOREFRONT, WAREHOUSE
from tests.integration.dashboards.watched_shop import WatchedShop

QUIET_PER_SECOND: Final = 30.0
_CROWD_PER_SECOND: Final = 200.0
_GREEDY_PER_SECOND: Final = 60.0
GREEDY: Final = "greedy-1"
SLOW_MS: Final = 1500.0
_SEED: Final = 1
_BAD_RULE: Final = ("limit: 80/s", "limit: 8/s")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault; it begins after a quiet time, and nothing is done to end it."""

    name: str
    #: The service whose dashboard tells most.
    service: str
    #: Done when it begins; nothing for faults that are load.
    strike: Callable[[WatchedShop], None] | None = None
    #: What customers there are: seconds of quiet, seconds of fault.
    load: Callable[[int, int], list[Client]] = lambda quiet, faulty: [_usual(quiet + faulty)]


def _usual(seconds: int) -> Client:
    return crowd(CUSTOMERS, steps("usual", seconds, QUIET_PER_SECOND), _SEED)


def _flash_crowd(quiet: int, faulty: int) -> list[Client]:
    rush = Step(
        phase="rush", seconds=5, per_second=QUIET_PER_SECOND, until_per_second=_CROWD_PER_SECOND
    )
    before, during = steps("usual", quiet, QUIET_PER_SECOND), _CROWD_PER_SECOND
    return [crowd(CUSTOMERS, (*before, rush, *steps("rush", faulty - 5, during)), _SEED)]


def _greedy(quiet: int, faulty: int) -> list[Client]:
    when = (*steps("usual", quiet, 0), *steps("greedy", faulty, _GREEDY_PER_SECOND))
    return [_usual(quiet + faulty), one_user(GREEDY, when, _SEED)]


def _slow(shop: WatchedShop) -> None:
    shop.shop.turn(INVENTORY, latency_ms=SLOW_MS)


def _failing(shop: WatchedShop) -> None:
    shop.shop.turn(WAREHOUSE, error_share=1.0)


def _bad_rule(shop: WatchedShop) -> None:
    shop.shop.rules.edit(STOREFRONT, *_BAD_RULE)


def _backend_down(shop: WatchedShop) -> None:
    shop.lose_documents()


FAULTS: Final = (
    Fault("slow-dependency", STOREFRONT, _slow),
    Fault("failing-dependency", INVENTORY, _failing),
    Fault("flash-crowd", STOREFRONT, load=_flash_crowd),
    Fault("greedy-user", STOREFRONT, load=_greedy),
    Fault("telemetry-backend-down", STOREFRONT, _backend_down),
    Fault("bad-rule", STOREFRONT, _bad_rule),
)
