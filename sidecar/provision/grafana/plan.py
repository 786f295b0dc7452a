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
