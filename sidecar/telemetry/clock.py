"""From the clock that intervals are measured by to the one that people read."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def wall_offset() -> float:
    """What has to be added to monotonic seconds to get seconds since 1970, as of now."""
    return time.time() - time.monotonic()


def moment(wall_seconds: float) -> datetime:
    """Seconds since 1970 as what the encoder writes as RFC 3339 in UTC."""
    return datetime.fromtimestamp(wall_seconds, UTC)
