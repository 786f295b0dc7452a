"""``python -m demo_services.shop.warehouse``: the warehouse on ``PORT``, or on 9003."""

from __future__ import annotations

import sys

from demo_services.shop.service.running import run_service
from demo_services.shop.warehouse.api import KNOBS, opening

if __name__ == "__main__":
    sys.exit(run_service("warehouse", 9003, KNOBS, opening))
