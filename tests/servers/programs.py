"""Finds the real programs that tests start, and says why a test cannot run without one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

#: Debian keeps servers where only root has them on PATH.
_SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def need(program: str) -> Path:
    """Where ``program`` is. Without it the calling test is skipped; in CI it fails."""
    found = shutil.which(program, path=_SEARCH_PATH)
    if found is not None:
        return Path(found)
    reason = f"{program} is not installed; as root on Debian, 'make servers' installs it"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
