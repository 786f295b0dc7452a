"""What runs and what bounds it: the same services and knobs, with sidecars and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from demo_services.shop.story.layout import SERVICES
from demo_services.shop.story.rule_files import rule_names
from demo_services.shop.story.running_shop import RunningShop


def bounds(shop: RunningShop, rules: Path, *, ready_seconds: float) -> Iterator[str]:
    """Lines for a terminal; ``rules`` is the folder of the files, in force or not."""
    how = "each behind its sidecar" if shop.governed else "without sidecars"
    yield f"four services, {how}, ready in {ready_seconds:.1f} s; the same in both configurations:"
    for name in reversed(SERVICES):
        knobs = shop.shown(name)["knobs"]
        yield (
            f"  {name:<11}http://{shop.address(name)}   {knobs['workers']} workers, "
            f"{knobs['latency_ms']:g} ms and {knobs['hash_rounds']} hashes for each request"
        )
    yield f"with sidecars{'' if shop.governed else ' (not now)'}, from {_shown(rules)}:"
    for name in reversed(SERVICES):
        yield f"  {name:<11}{', '.join(rule_names(rules / f'{name}.rules.yaml'))}"
    now = " (not now)" if shop.governed else ""
    yield f"without{now}: nothing between the services, and between them and their customers"


def _shown(path: Path) -> str:
    """As one would type it from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
