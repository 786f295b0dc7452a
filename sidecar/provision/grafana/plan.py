"""What is asked of ``sidecar provision grafana``."""

from __future__ import annotations

import msgspec

from sidecar.provision.grafana.sources import Places


class Plan(msgspec.Struct, frozen=True):
    """What is asked for."""

    places: Places = Places()
    #: Whether what is wanted no more is taken away.
    prune: bool = False
    #: Whether secrets that Grafana has already are written again.
    renew_secrets: bool = False
