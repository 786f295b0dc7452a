"""Alerts about rules: what they refuse, stand in for or forget, and who holds them."""

from __future__ import annotations

from typing import Literal

from sidecar.model.values import Duration, Name, OneOrMany, written
from sidecar.ruleset.alert_entry import HeldAlertSpec, ShareAlertSpec
from sidecar.ruleset.alert_values import (
    AlertSeverity,
    LookBack,
    RuleName,
    ShareAbove,
    lasting,
)


class BreakerOpenSpec(HeldAlertSpec):
    """A breaker is open or probes, and nobody holds it there by hand."""

    kind: Literal["breaker_open"]
    """What it is about."""
    breaker: OneOrMany[Name] = ()
    """These breakers; every one that is enforced when left out."""
    severity: AlertSeverity = AlertSeverity.PAGE
    """`page` wakes somebody, `ticket` waits for the next working day."""
    hold: Duration = lasting("10s")
    """How long it has to be so before anybody is told."""


class ShedShareSpec(ShareAlertSpec):
    """A rule of `overload` or `concurrency` turns away too large a share of what it governs."""

    kind: Literal["shed_share"]
    """What it is about."""
    rule: OneOrMany[RuleName] = ()
    """These rules; every one of both kinds that is enforced when left out."""
    severity: AlertSeverity = AlertSeverity.PAGE
    """`page` wakes somebody, `ticket` waits for the next working day."""
    over: LookBack = written("1m")
    """The time that the share is taken over."""
    hold: Duration = lasting("1m")
    """How long it has to be so before anybody is told."""


class RefusedShareSpec(ShareAlertSpec):
    """A rule refuses too large a share of what it governs."""

    kind: Literal["refused_share"]
    """What it is about."""
    rule: OneOrMany[RuleName] = ()
    """These rules; every enforced rate limit without `per` when left out."""


class ShadowShareSpec(ShareAlertSpec):
    """A rule in shadow mode would refuse too large a share of what it governs."""

    kind: Literal["shadow_share"]
    """What it is about."""
    rule: OneOrMany[RuleName] = ()
    """These rules; every one in shadow mode that can refuse when left out."""
    above: ShareAbove = written("1%")
    """The share that is too much."""
    over: LookBack = written("1h")
    """The time that the share is taken over."""


class DegradedShareSpec(ShareAlertSpec):
    """A fallback answers too large a share of all requests, those that come in and calls."""

    kind: Literal["degraded_share"]
    """What it is about."""
    fallback: OneOrMany[Name] = ()
    """These fallbacks; every one that is enforced when left out."""
    above: ShareAbove = written("5%")
    """The share that is too much; of the routes that its `match` names, where it names some."""


class FallbackFailingSpec(HeldAlertSpec):
    """A fallback was asked and had no answer, or fails when it is tried (`exercise`)."""

    kind: Literal["fallback_failing"]
    """What it is about."""
    fallback: OneOrMany[Name] = ()
    """These fallbacks; every one that is enforced when left out."""
    over: LookBack = written("10m")
    """How far back to look."""
    hold: Duration = lasting("1m")
    """How long it has to be so before anybody is told."""


class RetriesSkippedSpec(ShareAlertSpec):
    """Retries are left out, for their budget is used up."""

    kind: Literal["retries_skipped"]
    """What it is about."""
    retry: OneOrMany[Name] = ()
    """These rules of `retries`; every one that is enforced when left out."""
    above: ShareAbove = written("20%")
    """The share of the retries asked for that is too much."""


class KeysForgottenSpec(HeldAlertSpec):
    """A rate limit forgets values that still matter, for want of room (`track_at_most`)."""

    kind: Literal["keys_forgotten"]
    """What it is about."""
    limit: OneOrMany[Name] = ()
    """These rate limits; every enforced one with `per` when left out."""
    over: LookBack = written("10m")
    """How far back to look."""
    hold: Duration = lasting("5m")
    """How long it has to be so before anybody is told."""


class RulesRefusedSpec(HeldAlertSpec):
    """The rule file, or a file that it names, has an error: what was in force before still is."""

    kind: Literal["rules_refused"]
    """What it is about."""
    hold: Duration = lasting("1m")
    """How long it has to be so before anybody is told."""


class ControlActiveSpec(HeldAlertSpec):
    """An operator still holds something by hand: a rule's mode, a switch or a breaker."""

    kind: Literal["control_active"]
    """What it is about."""
    hold: Duration = lasting("1h")
    """How long it has to be so before anybody is told."""
