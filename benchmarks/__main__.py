"""``python -m benchmarks``: measure, profile, or drive the data path without sockets."""

from __future__ import annotations

import sys

from benchmarks.cli import main

if __name__ == "__main__":
    sys.exit(main())
