"""The shop on a stage: everything that is proved about dashboards happens to it once, in a minute.

The rehearsal makes every series: what a counter counted before it was first seen, no rate shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from demo_services.load.plan import Client, Step
from demo_services.shop.inventory.api import KNOBS
from demo_services.shop.story.customers import Mix, crowd, one_user, steps
from demo_services.shop.story.layout import INVENTORY, STOREFRONT, WAREHOUSE
from demo_services.shop.story.operating import sidecar
from tests.integration.dashboards.seen import QUIET, STILL_QUIET, Seen
from tests.integration.dashboards.watched_shop import Played, WatchedShop
from tests.servers.ports import wait_until

LOOKERS: Final = "lookers"
READERS: Final = "readers"
BUYERS: Final = "buyers"
GREEDY: Final = "greedy-1"
SCALPER: Final = "scalper-1"
REHEARSAL: Final = "rehearsal"
FAILING: Final = "failing"
SLOW: Final = "slow"
SHELVES: Final = "shelves"
RUSH: Final = "rush"
GREED: Final = "greed"
HANDS: Final = "hands"
#: Before and after these nothing happens for a while, so that what they counted stands alone.
COUNTED: Final = (QUIET, RUSH, GREED, FAILING)

#: Until the last rate has forgotten a phase: a scrape and the four that it is made of.
_FORGET_SECONDS: Final = 5.2
_SEED: Final = 1
_TYPO: Final = ("limit: 5/s", "limitt: 5/s")
_RELOADED: Final = "sidecar_rules_last_reload_successful"

Deed = Callable[[], None]
#: So many seconds after the beginning.
Cue = tuple[int, Deed]


class Stage(Seen):
    """What was played, by phase, and what the dashboards say about it."""

    def __init__(self, shop: WatchedShop) -> None:
        super().__init__(shop.sources)
        self.shop = shop
        self.played: dict[str, Played] = {}

    def play(self, phase: str, clients: list[Client], cues: Sequence[Cue] = ()) -> None:
        """Offer load to the shop, and remember it by the name of the phase."""
        self.played[phase] = played = self.shop.play(clients, cues)
        self.windows[phase] = played.window


def perform(shop: WatchedShop) -> Stage:
    """Play everything."""
    stage = Stage(shop)
    _rehearse(stage)
    for phase, clients, begin, end in _program(shop):
        if begin is not None:
            begin()
        stage.play(phase, clients)
        if end is not None:
            end()
        if phase in (*COUNTED, STILL_QUIET):
            time.sleep(_FORGET_SECONDS)
    return stage


def _rehearse(stage: Stage) -> None:
    """A little of everything, so that every series is there, and every breaker closed again."""
    shop = stage.shop
    after = steps("before", 3, 0)
    clients = [
        *_usual(7),
        *_crowd(1, after),
        one_user(GREEDY, (*after, *steps(GREED, 2, 40)), _SEED),
        one_user(SCALPER, (*after, *steps(GREED, 2, 10)), _SEED),
    ]
    cues = [(1, _turning(shop, INVENTORY, error_share=1.0)), (3, _mending(shop))]
    stage.play(REHEARSAL, clients, cues)
    time.sleep(_FORGET_SECONDS)


def _program(shop: WatchedShop) -> Iterator[tuple[str, list[Client], Deed | None, Deed | None]]:
    """Phases with their load, what is done before, and what is done after."""
    well, failing = _mending(shop), _turning(shop, INVENTORY, error_share=1.0)
    yield QUIET, _usual(5), None, None
    yield STILL_QUIET, _usual(5), None, None
    yield RUSH, _crowd(4), None, None
    greedy = [one_user(GREEDY, steps(GREED, 4, 40), _SEED), _scalper(4)]
    yield GREED, [*_usual(4), *greedy], None, None
    yield FAILING, _usual(5), failing, well
    yield SLOW, _usual(4), _turning(shop, INVENTORY, latency_ms=1500.0), well
    broken = _turning(shop, WAREHOUSE, error_share=1.0)
    yield SHELVES, _usual(4), broken, _turning(shop, WAREHOUSE, error_share=0.0)
    yield HANDS, _usual(3), lambda: _by_hand(shop), lambda: shop.shop.rules.restore(STOREFRONT)


def _mending(shop: WatchedShop) -> Deed:
    return _turning(shop, INVENTORY, latency_ms=KNOBS.latency_ms, error_share=0.0)


def _usual(seconds: int) -> list[Client]:
    """Three kinds of customers, so that each route has counts of its own."""
    return [
        crowd(LOOKERS, steps(LOOKERS, seconds, 15), _SEED, Mix(orders=0, lists=0)),
        crowd(READERS, steps(READERS, seconds, 8), _SEED, Mix(orders=0, lists=100)),
        crowd(BUYERS, steps(BUYERS, seconds, 6), _SEED, Mix(orders=100, lists=0)),
    ]


def _crowd(seconds: int, before: tuple[Step, ...] = ()) -> list[Client]:
    rush = (*before, *steps(RUSH, seconds, 130))
    return [crowd("crowd", rush, _SEED, Mix(orders=0, lists=0))]


def _scalper(seconds: int) -> Client:
    return one_user(SCALPER, steps(GREED, seconds, 5), _SEED)


def _turning(shop: WatchedShop, service: str, **knobs: float) -> Deed:
    return lambda: shop.shop.turn(service, **knobs)


def _by_hand(shop: WatchedShop) -> None:
    """An operator holds a rule and a breaker, and a file is saved with a mistake in it."""
    directory = shop.shop.state_directory(STOREFRONT)
    for words in (
        ("override", "rate_limits/each-user", "--mode", "shadow", "--for", "1m"),
        ("breaker", "stock", "open", "--for", "1m"),
    ):
        said = sidecar(directory, *words)
        assert said.status == 0, said.text
    shop.shop.rules.edit(STOREFRONT, *_TYPO)
    wait_until(lambda: _counts(shop)[STOREFRONT] == 0, "the mistake is noticed", 10.0)


def _counts(shop: WatchedShop) -> Mapping[str, float]:
    return {name: shop.shop.counted(name).total(_RELOADED) for name in (STOREFRONT,)}
