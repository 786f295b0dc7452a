"""Fallbacks: what is answered instead when the upstream fails or may not be asked.

Steps are tried in their order: another upstream, then an answer that always can be given. What the
upstream did is told to breakers and the like as it was, whatever the client is given instead; the
client sees by `x-degraded` that it is not the real thing. A fallback that is never used does not
work on the day it is needed: `exercise` tries it beside real answers all the time.
"""

from sidecar.policies.fallback.answer import PLACES, Answer, is_place
from sidecar.policies.fallback.gate import Elsewhere, Fallback
from sidecar.policies.fallback.spec import FallbackSpec, FallbackStepSpec, Serve, When

__all__ = [
    "PLACES", "Answer", "Elsewhere", "Fallback", "FallbackSpec", "FallbackStepSpec", "Serve",
    "When", "is_place",
]  # fmt: skip
