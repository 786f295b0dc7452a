"""The clock of the data path: monotonic seconds. Everything below is handed its readings."""

from __future__ import annotations

import time

clock = time.monotonic
