"""The load of the story: who asks for what, how often."""

from __future__ import annotations

import random
from typing import Final

import msgspec

from demo_services.load.plan import Client, Plan, Request, Step
from demo_services.shop.inventory.stock import PRODUCTS

CUSTOMERS: Final = "customers"

#: So many that none of them is greedy by chance.
_USERS: Final = 400
#: A client goes through so many requests before it begins again.
_VISITS: Final = 800
#: Those on sale, which most look at.
_ON_SALE: Final = 10
_SHARE_ON_SALE: Final = 0.8
_HEADER: Final = "x-user-id"


class Mix(msgspec.Struct, frozen=True):
    """Of a hundred requests, how many are for what; the rest are for product pages."""

    orders: int = 20
    lists: int = 10


def steps(phase: str, seconds: float, per_second: float) -> tuple[Step, ...]:
    """One rate from beginning to end."""
    return (Step(phase=phase, seconds=seconds, per_second=per_second),)


def crowd(
    name: str, when: tuple[Step, ...], seed: int, mix: Mix | None = None, connections: int = 16
) -> Client:
    """Many customers, each with a few requests."""
    chosen = random.Random(f"{seed}/{name}")
    requests = tuple(
        _visit(chosen, f"user-{number % _USERS}", mix or Mix()) for number in range(_VISITS)
    )
    return Client(name=name, steps=when, requests=requests, connections=connections)


def one_user(user: str, when: tuple[Step, ...], seed: int) -> Client:
    """One customer who wants it all."""
    chosen = random.Random(f"{seed}/{user}")
    requests = tuple(_visit(chosen, user, Mix(orders=0, lists=0)) for _ in range(PRODUCTS))
    return Client(name=user, steps=when, requests=requests, connections=4)


def plan(target: str, clients: tuple[Client, ...], seed: int, *, governed: bool = True) -> Plan:
    """What is offered to ``host:port``; a sidecar's 403, 429 and 503 say no on purpose."""
    host, _, port = target.rpartition(":")
    return Plan(
        host=host,
        port=int(port),
        clients=clients,
        refused=frozenset({403, 429, 503}) if governed else frozenset(),
        refusals_carry=("x-sidecar-decision",),
        marks=("x-degraded",),
        seed=seed,
    )


def look(product: int, user: str) -> Request:
    """Somebody looks at a product."""
    return Request(path=f"/products/{product}", headers={_HEADER: user})


def _visit(chosen: random.Random, user: str, mix: Mix) -> Request:
    kind = chosen.randrange(100)
    product = _product(chosen)
    if kind < mix.orders:
        return Request(
            method="POST",
            path="/orders",
            headers={_HEADER: user, "content-type": "application/json"},
            body=f'{{"product": {product}, "quantity": 1}}',
        )
    if kind < mix.orders + mix.lists:
        return Request(path="/orders", headers={_HEADER: user})
    return look(product, user)


def _product(chosen: random.Random) -> int:
    """Most look at what is on sale."""
    on_sale = chosen.random() < _SHARE_ON_SALE
    return chosen.randint(1, _ON_SALE if on_sale else PRODUCTS)
