"""What runs and what bounds it, printed before the story: the same services with and without."""

from __future__ import annotations

from collections.abc import Iterator

from demo_services.shop.story.layout import SERVICES
from demo_services.shop.story.running_shop import RunningShop


def bounds(shop: RunningShop, *, ready_seconds: float) -> Iterator[str]:
    """A line for each service."""
    how = "each behind its sidecar" if shop.governed else "without sidecars"
    yield f"three services, {how}, ready in {ready_seconds:.1f} s"
    for name in reversed(SERVICES):
        knobs = shop.shown(name)["knobs"]
        line = (
            f"  {name:<11}http://{shop.address(name)}   "
            f"{knobs['workers']} workers, {knobs['latency_ms']:g} ms each"
        )
        yield f"{line}   {rules_in_short(shop, name)}" if shop.governed else line


def rules_in_short(shop: RunningShop, service: str) -> str:
    """The names of its rules."""
    names = shop.rules.names(service)
    return "rules " + ", ".join(names)
