"""The clock of the data path: monotonic seconds. Everything below is handed its readings."""

from __future__ import annotations

import time

clock = time.monotonic


def wall_offset() -> float:
    """What has to be added to its readings to get seconds since 1970, as of now."""
    return time.time() - time.monotonic()
