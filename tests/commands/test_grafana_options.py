from __future__ import annotations

from sidecar.commands.grafana_options import complete_profiles


def test_a_shell_completes_profiles() -> None:
    assert complete_profiles("") == ["production", "demo"]
    assert complete_profiles("d") == ["demo"]
