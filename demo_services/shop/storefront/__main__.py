"""``python -m demo_services.shop.storefront``: the storefront on ``PORT``, or on 9000."""

from __future__ import annotations

import sys

from demo_services.shop.service.running import run_service
from demo_services.shop.storefront.api import KNOBS, opening

if __name__ == "__main__":
    sys.exit(run_service("storefront", 9000, KNOBS, opening))
