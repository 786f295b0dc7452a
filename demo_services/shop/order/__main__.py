"""``python -m demo_services.shop.order``: the orders on ``PORT``, or on 9001."""

from __future__ import annotations

import sys

from demo_services.shop.order.api import KNOBS, opening
from demo_services.shop.service.running import run_service

if __name__ == "__main__":
    sys.exit(run_service("order", 9001, KNOBS, opening))
