"""Finds the real programs that tests start, and says why a test cannot run without one."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

#: Debian keeps servers where only root has them on PATH.
_SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

_VERSIONS = Path(__file__).parents[2] / "tools" / "server-versions.env"


def need(program: str) -> Path:
    """Where ``program`` is. Without it the calling test is skipped; in CI it fails."""
    found = shutil.which(program, path=_SEARCH_PATH)
    if found is None:
        unavailable(f"{program} is not installed; as root on Debian, 'make servers' installs it")
    return Path(found)


def need_built(program: str, version: str) -> Path:
    """Where ``make servers`` put a program of that version that it builds itself."""
    cache_folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = cache_folder / "governance-sidecar" / "servers" / f"{program}-{version}"
    if not found.is_file():
        unavailable(f"{program} {version} is not there; with Go, 'make servers' builds it")
    return found


def unavailable(reason: str) -> NoReturn:
    """Skip the calling test for that reason; in CI, where everything must be there, fail it."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@cache
def versions() -> dict[str, str]:
    """The versions in ``tools/server-versions.env``, by the names they have there."""
    lines = _VERSIONS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: version.strip() for name, version in pairs}
