"""What is said of each mistake stands in tests/rules."""

from __future__ import annotations

from sidecar.model.secret import SecretText
from sidecar.ruleset.admin_section import AdminSpec


def test_a_token_is_never_shown() -> None:
    spec = AdminSpec.model_validate({"bind": "127.0.0.1:9901", "token": "hunter2"})
    assert isinstance(spec.token, SecretText)
    assert spec.token.reveal() == "hunter2"
    assert "hunter2" not in repr(spec)
