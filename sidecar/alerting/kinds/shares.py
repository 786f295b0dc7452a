"""Shares that are too large, of enough requests to mean anything."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.alerting.site import Site
from sidecar.ruleset.alert_entry import ShareAlertSpec
from sidecar.telemetry.promql import Selector, increase, total


def too_large(spec: ShareAlertSpec, site: Site, part: Selector, whole: Iterable[Selector]) -> str:
    """What grew in ``part`` is more than ``above`` of what grew in ``whole``.

    Nothing where ``whole`` grew by less than ``at_least``: three of four are no share of anything.
    """
    window = site.profile.window(spec.over)
    counted, asked = (
        " + ".join(total(increase(one, window)) for one in several) for several in ((part,), whole)
    )
    return f"{counted} / ({asked} >= {spec.at_least}) > {spec.above:g}"


def grown(site: Site, selector: Selector, over: float) -> str:
    """By how much something has grown, in sum."""
    return total(increase(selector, site.profile.window(over)))
