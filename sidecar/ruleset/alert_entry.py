"""What every entry of `alerts` has, whatever its kind."""

from __future__ import annotations

from pydantic import Field

from sidecar.model.spec import Spec
from sidecar.model.values import Duration, LabelName, Name, RequestCount, Text, written
from sidecar.ruleset.alert_values import AlertSeverity, LookBack, ShareAbove, lasting


class AlertSpec(Spec):
    """One entry of `alerts`. A kind is a subclass with `kind`, and with what is its own."""

    name: Name
    """Unique among the alerts."""
    kind: str
    """What it is about."""
    owner: Text = ""
    """Who is to be told; the `owner` of the file when left out."""
    labels: dict[LabelName, Text] = Field(default_factory=dict)
    """Go with the alert, beside those of the rule that it is about."""
    why: Text = ""
    """A sentence for whoever is told; the rule's own `why` when left out."""


class HeldAlertSpec(AlertSpec):
    """An alert about something that has to last for a while."""

    severity: AlertSeverity = AlertSeverity.TICKET
    """`page` wakes somebody, `ticket` waits for the next working day."""
    hold: Duration = lasting("5m")
    """How long it has to be so before anybody is told."""


class ShareAlertSpec(HeldAlertSpec):
    """An alert about a share of requests."""

    above: ShareAbove = written("10%")
    """The share that is too much."""
    over: LookBack = written("5m")
    """The time that the share is taken over."""
    at_least: RequestCount = written("20 requests")
    """How many requests in that time a share needs to mean anything."""
