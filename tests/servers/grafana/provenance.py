"""Who provisioned what, and who may change it: ``provisioning/validation/provenance.go``."""

from __future__ import annotations

from tests.servers.grafana.exchange import refuse_unless
from tests.servers.grafana.state import State


def provenance_of(state: State, kind: str, key: str) -> dict[str, str]:
    """The field that shows it; none for what people made."""
    found = state.provenance.get((kind, key), "")
    return {"provenance": found} if found else {}


def claim(state: State, kind: str, key: str, wanted: str, *, may_be_reset: bool = False) -> None:
    """Let it count as provisioned that way, or refuse: what was provisioned stays as it was.

    ``may_be_reset``: what came through the API may be made one that people may change.
    """
    stored = state.provenance.get((kind, key), "")
    reset = may_be_reset and stored == "api" and not wanted
    changed = f"cannot change provenance from '{stored}' to '{wanted}'"
    refuse_unless(stored in {"", wanted} or reset, 403, changed)
    state.provenance[kind, key] = wanted


def disown(state: State, kind: str, key: str, wanted: str) -> None:
    """Forget about what is deleted, or refuse."""
    claim(state, kind, key, wanted)
    del state.provenance[kind, key]
