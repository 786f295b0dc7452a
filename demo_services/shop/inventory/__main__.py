"""``python -m demo_services.shop.inventory``: the inventory on ``PORT``, or on 9002."""

from __future__ import annotations

import sys

from demo_services.shop.inventory.api import KNOBS, opening
from demo_services.shop.service.running import run_service

if __name__ == "__main__":
    sys.exit(run_service("inventory", 9002, KNOBS, opening))
