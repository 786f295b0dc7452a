"""The namespace of data streams: the last part of their names."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from sidecar.model.reading import shown, unreadable

_LONGEST = 100
#: What a name of Elasticsearch may hold, without the hyphen that separates its parts.
_NAMESPACE = re.compile(r"[^A-Z\\/*?\"<>| ,#:\-\x00-\x1f]+")


def parse_namespace(value: object) -> str:
    """``default``: as Elasticsearch takes it. Raises ``bad-name``."""
    text = value if isinstance(value, str) else ""
    if _NAMESPACE.fullmatch(text) and len(text.encode("utf-8", "replace")) <= _LONGEST:
        return text
    meant = re.sub(r"[^a-z0-9_.]+", "_", text.lower()).strip("_")[:_LONGEST]
    raise unreadable(
        "bad-name",
        f"{shown(value)} is no namespace",
        f"write up to {_LONGEST} lower-case letters, digits and underscores, such as shop",
        meant or None,
    )


Namespace = Annotated[
    str,
    PlainValidator(parse_namespace),
    WithJsonSchema({
        "type": "string", "maxLength": _LONGEST, "examples": ["default", "shop"],
        "description": "The last part of the names of data streams: lower case, without a hyphen.",
    }),
]  # fmt: skip
