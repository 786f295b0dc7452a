"""Notices of alerts, for what is told of them."""

from __future__ import annotations

import json

TOLD = {
    "summary": "something is wrong",
    "source": "/run/shop/storefront.rules.yaml:12",
    "owner": "shop-team",
    "why": "they see it",
}


def alert(
    name: str = "SidecarDegraded",
    service: str = "storefront",
    *,
    status: str = "firing",
    lacks: str = "",
    **labels: str,
) -> dict[str, object]:
    return {
        "status": status,
        "labels": {"alertname": name, "service": service, **labels},
        "annotations": {key: words for key, words in TOLD.items() if key != lacks},
    }


def message(*alerts: dict[str, object]) -> bytes:
    return json.dumps({"receiver": "sidecar-page", "alerts": alerts}).encode()
