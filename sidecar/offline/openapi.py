"""The operations of an OpenAPI description (2.0, 3.0, 3.1), as routes are made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_METHODS: Final = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_PARAMETER = re.compile(r"\{[^{}/]*\}")
_LARGEST_BYTES: Final = 16 << 20


class BadDescription(Exception):  # noqa: N818 - reads as what it says to the user
    """Why a file is not an OpenAPI description that can be used."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a service does."""

    name: str
    method: str
    #: A pattern of the rule language: ``/orders/*``.
    path: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a service says of itself."""

    title: str
    operations: tuple[Operation, ...]


def read_openapi(text: bytes) -> Description:
    """Read JSON or YAML. Raises ``BadDescription``."""
    if len(text) > _LARGEST_BYTES:
        raise BadDescription(f"it has {len(text)} bytes, and {_LARGEST_BYTES} are read at most")
    try:
        data = YAML(typ="safe", pure=True).load(text.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BadDescription(
            f"it is neither JSON nor YAML: {str(error).splitlines()[0]}"
        ) from error
    if not isinstance(data, dict) or not ({"openapi", "swagger"} & data.keys()):
        raise BadDescription("it has no field 'openapi' (or 'swagger') with a version")
    paths = data.get("paths")
    if not isinstance(paths, dict) or not paths:
        raise BadDescription("it has no paths")
    info = data.get("info")
    title = info.get("title", "") if isinstance(info, dict) else ""
    return Description(str(title), tuple(_operations(paths, _prefix(data))))


def _prefix(data: Mapping[str, Any]) -> str:
    """What all paths begin with, as the first server or ``basePath`` says."""
    servers = data.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        path = urlsplit(str(servers[0].get("url", ""))).path
    else:
        path = str(data.get("basePath", ""))
    return path.rstrip("/") if path.startswith("/") and "{" not in path else ""


def _operations(paths: Mapping[Any, Any], prefix: str) -> Iterator[Operation]:
    for path, item in paths.items():
        if not isinstance(path, str) or not path.startswith("/") or not isinstance(item, dict):
            continue
        pattern = prefix + _PARAMETER.sub("*", path)
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, dict):
                name = operation.get("operationId") or f"{method} {_PARAMETER.sub('', path)}"
                yield Operation(_words(str(name)), method.upper(), pattern)


def _words(name: str) -> str:
    """``getOrderById`` as ``get-order-by-id``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
