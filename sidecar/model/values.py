"""The types of the values in a rule file: what may be written, and what it is read as.

Each is a pydantic annotation with its JSON Schema; what cannot be read is refused with a stable
code, what was expected and, where it can be told, what was meant. This module gathers them for
those who write specs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema

from sidecar.model.addresses import Address, Bind, Cidr, Network, Peer, Target, UpstreamUrl, Url
from sidecar.model.quantities import ByteRate, Duration, Percent, Rate, RequestCount, Size
from sidecar.model.reading import shown, unreadable
from sidecar.model.text import (
    FilePath,
    Glob,
    HeaderName,
    KeyName,
    LabelName,
    MethodName,
    Name,
    PathPattern,
    PlainPath,
    Text,
)

__all__ = [
    "Address",
    "Bind",
    "ByteRate",
    "Cidr",
    "Count",
    "Duration",
    "FilePath",
    "Flag",
    "Glob",
    "HeaderName",
    "KeyName",
    "LabelName",
    "MethodName",
    "Name",
    "Network",
    "OneOrMany",
    "PathPattern",
    "Peer",
    "Percent",
    "PlainPath",
    "PriorityWord",
    "Rate",
    "RequestCount",
    "Size",
    "Status",
    "Target",
    "Text",
    "UpstreamUrl",
    "Url",
    "written",
]

_LARGEST_COUNT = 10**9
_YES = frozenset({"yes", "on", "y", "true", "1"})
_NO = frozenset({"no", "off", "n", "false", "0"})
_Item = TypeVar("_Item")


def parse_count(value: object) -> int:
    """A whole number of at least one. Raises ``bad-count``."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LARGEST_COUNT:
        return value
    meant = value if isinstance(value, str) and value.isascii() and value.isdigit() else None
    meant = None if meant in {None, "0"} else meant
    problem = f"{shown(value)} is not a whole number from 1 to 10^9"
    raise unreadable("bad-count", problem, "write a number such as 100, without quotes", meant)


def parse_status(value: object) -> int:
    """A status that refuses: 400 to 599. Raises ``bad-status``."""
    if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
        return value
    raise unreadable("bad-status", f"{shown(value)} is no status of an error", "write 400 to 599")


def parse_flag(value: object) -> bool:
    """``true`` or ``false``, as YAML 1.2 has them. Raises ``bad-flag``."""
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    meant = "true" if word in _YES else "false" if word in _NO else None
    raise unreadable("bad-flag", f"{shown(value)} is not a yes or no", "write true or false", meant)


def written(text: str) -> Any:
    """A default in the form that an admin would write, so that editors show it like that."""
    return Field(default=text, validate_default=True)


def _one_or_many(value: object) -> object:
    """A single value as the list of it; an empty list is refused, for it would say nothing."""
    if isinstance(value, list | tuple):
        if not value:
            raise unreadable(
                "empty-list", "the list is empty", "name at least one, or leave it out"
            )
        return value
    return (value,)


class _SingleOrList:
    """Tells editors that one value may stand without its list."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        items = handler(schema).get("items", {})
        return {"anyOf": [items, {"type": "array", "items": items, "minItems": 1}]}


#: A level of priority (``sidecar.model.priority``).
PriorityWord = Literal["critical", "high", "medium", "low"]
#: ``X`` or ``[X, Y]``, not ``[]``.
OneOrMany = Annotated[tuple[_Item, ...], BeforeValidator(_one_or_many), _SingleOrList()]
Count = Annotated[
    int,
    PlainValidator(parse_count),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _LARGEST_COUNT}),
]
Status = Annotated[
    int,
    PlainValidator(parse_status),
    WithJsonSchema({"type": "integer", "minimum": 400, "maximum": 599}),
]
Flag = Annotated[bool, PlainValidator(parse_flag), WithJsonSchema({"type": "boolean"})]
