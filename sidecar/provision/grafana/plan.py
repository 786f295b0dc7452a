"""What is asked of ``sidecar provision grafana``."""

from __future__ import annotations

import msgspec

from sidecar.alerting.alert import Group
from sidecar.alerting.notifying import Notifying
from sidecar.provision.grafana.sources import Places


class Plan(msgspec.Struct, frozen=True):
    """What should be there."""

    places: Places = Places()
    #: The alerts of all rule files; None when none were named, and alert rules are as they are.
    alerts: tuple[Group, ...] | None = None
    #: Who is told; None when nobody was named.
    notifying: Notifying | None = None
    #: Whether what is wanted no more is taken away.
    prune: bool = False
    #: Whether secrets that Grafana has already are written again.
    renew_secrets: bool = False
    #: Whether all of ours is taken away.
    remove: bool = False

    @property
    def has_alerting(self) -> bool:
        """Whether anything is said about alerts. Where nothing is, rules and who is told stay."""
        return self.alerts is not None or self.notifying is not None
