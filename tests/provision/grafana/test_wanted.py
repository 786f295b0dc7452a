from __future__ import annotations

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.wanted import Wanted


def test_what_is_wanted_is_shown_without_its_secrets() -> None:
    wanted = Wanted("x", {"title": "X"}, "thing x", secrets={"word": SecretText("canary")})

    assert "canary" not in repr(wanted)
