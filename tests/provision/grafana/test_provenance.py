from __future__ import annotations

from sidecar.provision.grafana.provenance import EDITABLE, headers, locked
from sidecar.provision.grafana.wanted import FROM_A_FILE


def test_what_can_be_edited_stays_so_and_what_is_provisioned_too() -> None:
    assert headers({}) == headers({"provenance": ""}) == EDITABLE
    assert headers({"provenance": "api"}) == {}


def test_what_comes_from_elsewhere_is_changed_there() -> None:
    assert locked({}) == locked({"provenance": ""}) == locked({"provenance": "api"}) == ""
    assert locked({"provenance": "file"}) == FROM_A_FILE
    assert "converted_prometheus" in locked({"provenance": "converted_prometheus"})
