"""What a service is told by its environment: where to listen, where its data is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

_PORTS: Final = range(65536)


class BadEnvironment(Exception):  # noqa: N818 - named after what is wrong
    """A variable does not say what it should."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a service listens, and where its data is."""

    host: str
    #: For customers and other services; 0 means any free one.
    port: int
    #: For the operator's knobs, on the loopback interface whatever ``host`` is.
    knobs_port: int
    #: The folder of its database; without one the data ends with the process.
    data: Path | None
    #: A file to write the real addresses to, once it listens.
    addresses: Path | None
    #: The variables as they are, for what a service asks beyond these.
    variables: Mapping[str, str]


def read_environment(variables: Mapping[str, str], default_port: int) -> Environment:
    """``HOST``, ``PORT``, ``KNOBS_PORT``, ``DATA_DIR``, ``ADDRESSES_FILE``.

    Raises BadEnvironment.
    """
    return Environment(
        host=variables.get("HOST", "127.0.0.1"),
        port=_port(variables, "PORT", default_port),
        knobs_port=_port(variables, "KNOBS_PORT", 0),
        data=_path(variables, "DATA_DIR"),
        addresses=_path(variables, "ADDRESSES_FILE"),
        variables=variables,
    )


def _port(variables: Mapping[str, str], name: str, default: int) -> int:
    text = variables.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) in _PORTS):
        raise BadEnvironment(f"{name} must be a port, 0 to 65535, not {text!r}")
    return int(text)


def _path(variables: Mapping[str, str], name: str) -> Path | None:
    text = variables.get(name)
    return Path(text) if text else None
