"""Alerts about upstreams: endpoints that are down, cannot be reached, or are full."""

from __future__ import annotations

from typing import Literal

from sidecar.model.values import Duration, Name, OneOrMany, RequestCount, written
from sidecar.ruleset.alert_entry import HeldAlertSpec, ShareAlertSpec
from sidecar.ruleset.alert_values import LookBack, ShareAbove, lasting


class EndpointsDownSpec(HeldAlertSpec):
    """Endpoints of an upstream get no requests: they are ejected or fail their health checks."""

    kind: Literal["endpoints_down"]
    """What it is about."""
    upstream: OneOrMany[Name] = ()
    """These upstreams; every one with `health` or `eject` when left out."""
    above: ShareAbove = written("0%")
    """The share of its endpoints that is too much, as all instances see them."""
    hold: Duration = lasting("2m")
    """How long it has to be so before anybody is told."""


class ConnectsFailingSpec(ShareAlertSpec):
    """Connections to an upstream do not come about."""

    kind: Literal["connects_failing"]
    """What it is about."""
    upstream: OneOrMany[Name] = ()
    """These upstreams; every one when left out."""
    at_least: RequestCount = written("5 requests")
    """How many connections must have been tried in that time."""


class LookupsFailingSpec(HeldAlertSpec):
    """The name of an upstream cannot be looked up; the addresses from before are in use."""

    kind: Literal["lookups_failing"]
    """What it is about."""
    upstream: OneOrMany[Name] = ()
    """These upstreams; every one with `dns` when left out."""
    over: LookBack = written("5m")
    """How far back to look for one that succeeded."""


class PoolOverflowsSpec(HeldAlertSpec):
    """Requests find an upstream's connections and the queue for them full, and are refused."""

    kind: Literal["pool_overflows"]
    """What it is about."""
    upstream: OneOrMany[Name] = ()
    """These upstreams; every one when left out."""
    over: LookBack = written("5m")
    """How far back to look."""
    hold: Duration = lasting("1m")
    """How long it has to be so before anybody is told."""
