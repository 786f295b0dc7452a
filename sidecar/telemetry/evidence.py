"""What the rules knew when they decided about a request that did not simply pass."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from sidecar.model.policy import Facts, Rule
from sidecar.model.verdict import LocalReply


class Said(StrEnum):
    """What one rule said of a request."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    PARKED = "parked"
    WOULD_ADMIT = "would_admit"
    WOULD_REFUSE = "would_refuse"
    #: A fallback's answer was given.
    APPLIED = "applied"
    #: Somebody above had refused already.
    NOT_ASKED = "not_asked"


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One rule with what it said, and its numbers at that moment."""

    rule: Rule
    said: Said
    facts: Facts


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """Enough to explain a decision later, when the rules have gone on."""

    #: What the client was told; None when nobody refused.
    reply: LocalReply | None
    #: Those that refused, would have refused, or let it wait.
    decisive: tuple[Finding, ...]
    #: Every rule that the request had to do with, in their order; empty when too many requests
    #: were refused at the moment to ask everybody again.
    chain: tuple[Finding, ...] = ()
