"""When requests arrive: evenly or as a Poisson process, at a rate that stays, climbs or falls."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from demo_services.load.plan import Client, Step


def schedule(client: Client, generator: random.Random) -> Iterator[tuple[float, str]]:
    """Yield ``(seconds since the start, phase)`` for each arrival of a client, in order."""
    begin = 0.0
    for step in client.steps:
        for offset in arrivals(step, generator):
            yield begin + offset, step.phase
        begin += step.seconds


def arrivals(step: Step, generator: random.Random) -> Iterator[float]:
    """Yield the moments of one step, in seconds since its beginning, in ``[0, seconds)``.

    Arrivals at rate 1 are carried over to the step's own rate through the inverse of the
    expected count (time rescaling), which is exact for a rate that changes.
    """
    first = step.per_second
    last = first if step.until_per_second is None else step.until_per_second
    expected = (first + last) / 2 * step.seconds
    units = _even() if step.spacing == "even" else _poisson(generator)
    for count in units:
        if count >= expected:
            return
        yield _moment(count, first, (last - first) / step.seconds, step.seconds)


def _even() -> Iterator[float]:
    count = 0.5
    while True:
        yield count
        count += 1.0


def _poisson(generator: random.Random) -> Iterator[float]:
    count = 0.0
    while True:
        count += generator.expovariate(1.0)
        yield count


def _moment(count: float, first: float, slope: float, seconds: float) -> float:
    """Solve ``first * t + slope * t**2 / 2 = count`` for the ``t`` within the step.

    The form with the root in the denominator has no cancellation when the slope is small.
    """
    discriminant = max(first * first + 2.0 * slope * count, 0.0)
    moment = 2.0 * count / (first + math.sqrt(discriminant))
    return min(moment, math.nextafter(seconds, 0.0))
