"""Durations as Prometheus and Alertmanager read and write them: ``prometheus/common/model``."""

from __future__ import annotations

import re

from tests.servers.grafana.exchange import RefusedError

_READ = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)
_MILLISECONDS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
#: Written only where nothing is left: 90d is easier to read than 12w6d.
_WHOLE = {"y", "w"}


def rewritten(text: str, what: str) -> str:
    """The duration as it is written back: ``60s`` comes back as ``1m``, ``24h`` as ``1d``."""
    left = milliseconds(text, what)
    if left == 0:
        return "0s"
    parts = []
    for unit, size in _MILLISECONDS.items():
        if left >= size and (unit not in _WHOLE or left % size == 0):
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts)


def milliseconds(text: str, what: str) -> int:
    """How long it is; refuses what is no duration."""
    if text == "0":
        return 0
    match = _READ.fullmatch(text)
    if not text or match is None:
        raise RefusedError(400, f"{what}: not a valid duration string: {text!r}")
    sizes = zip(match.groups(), _MILLISECONDS.values(), strict=True)
    return sum(int(number) * size for number, size in sizes if number)
