from __future__ import annotations

from tests.commands.invoking import invoked


def test_what_can_be_provisioned_is_listed() -> None:
    status, said = invoked("provision", "--help")

    assert status == 0
    assert "elasticsearch" in said
    assert "grafana" in said
