"""The load of the demo: two clients, one of whom turns greedy for a while."""

from __future__ import annotations

from typing import Final

from demo_services.hello.catalogue import PRODUCTS
from demo_services.load.plan import Client, Plan, Request, Step

GREEDY: Final = "greedy"
MODEST: Final = "modest"
QUIET: Final = "quiet"
BURST: Final = "burst"
CALM: Final = "calm"

GREEDY_ADDRESS: Final = "127.0.0.2"
MODEST_ADDRESS: Final = "127.0.0.3"

GREEDY_AT_REST_PER_SECOND: Final = 20
GREEDY_PER_SECOND: Final = 400
MODEST_PER_SECOND: Final = 30

#: What each phase is about, for the terminal.
WORDS: Final = {
    QUIET: f"both clients are modest: {GREEDY_AT_REST_PER_SECOND}/s and {MODEST_PER_SECOND}/s",
    BURST: f"greedy climbs to {GREEDY_PER_SECOND}/s, modest stays as it was",
    CALM: "greedy is modest again",
}

#: Of the whole time.
_SHARES: Final = {QUIET: 5 / 16, BURST: 7 / 16, CALM: 4 / 16}
#: Of the burst.
_CLIMB: Final = 0.25
#: An order for so many looks at a product.
_LOOKS_PER_ORDER: Final = 5


def plan(target: str, seconds: float) -> Plan:
    """Quiet, burst and calm in ``seconds`` altogether, against ``host:port``."""
    host, _, port = target.rpartition(":")
    return Plan(
        host=host,
        port=int(port),
        clients=(
            _client(GREEDY, GREEDY_ADDRESS, _greedy_steps(seconds)),
            _client(MODEST, MODEST_ADDRESS, _modest_steps(seconds)),
        ),
        refusals_carry=("retry-after", "x-sidecar-decision"),
    )


def _client(name: str, address: str, steps: tuple[Step, ...]) -> Client:
    return Client(name=name, source=address, steps=steps, requests=_visit())


def _greedy_steps(seconds: float) -> tuple[Step, ...]:
    at_rest, burst = GREEDY_AT_REST_PER_SECOND, _SHARES[BURST] * seconds
    return (
        Step(phase=QUIET, seconds=_SHARES[QUIET] * seconds, per_second=at_rest),
        Step(
            phase=BURST,
            seconds=burst * _CLIMB,
            per_second=at_rest,
            until_per_second=GREEDY_PER_SECOND,
        ),
        Step(phase=BURST, seconds=burst * (1 - _CLIMB), per_second=GREEDY_PER_SECOND),
        Step(phase=CALM, seconds=_SHARES[CALM] * seconds, per_second=at_rest),
    )


def _modest_steps(seconds: float) -> tuple[Step, ...]:
    return tuple(
        Step(phase=phase, seconds=share * seconds, per_second=MODEST_PER_SECOND)
        for phase, share in _SHARES.items()
    )


def _visit() -> tuple[Request, ...]:
    """Looks at every product, and an order now and then."""
    requests: list[Request] = []
    for product in range(1, PRODUCTS + 1):
        requests.append(Request(path=f"/products/{product}"))
        if product % _LOOKS_PER_ORDER == 0:
            requests.append(_order(product))
    return tuple(requests)


def _order(product: int) -> Request:
    return Request(
        method="POST",
        path="/orders",
        headers={"Content-Type": "application/json"},
        body=f'{{"product": {product}, "quantity": 1}}',
    )
