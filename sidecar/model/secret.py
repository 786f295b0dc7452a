"""Secrets: where a password or a token stands, and what it is without ever being shown.

A rule file names a secret, ``{env: NAME}`` or ``{file: PATH}``. A literal one is taken too, and
warned about: rule files are read by more people than secrets are for.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Self, final

from pydantic import (
    Discriminator,
    GetPydanticSchema,
    PlainValidator,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import core_schema

from sidecar.model.reading import shown, unreadable
from sidecar.model.spec import Spec
from sidecar.model.text import parse_text
from sidecar.model.values import FilePath

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WRITTEN: Final = "write {env: NAME} or {file: PATH}"
_MASK: Final = "********"


@final
class SecretText:
    """A secret itself; whatever prints it prints a mask."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret, for whoever has to send it."""
        return self._text

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __reduce__(self) -> str:
        message = "a secret is not written down anywhere"
        raise TypeError(message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def parse_variable(value: object) -> str:
    """The name of an environment variable. Raises ``bad-name``."""
    if isinstance(value, str) and _VARIABLE.fullmatch(value):
        return value
    meant = value.lstrip("$").strip("{}") if isinstance(value, str) else ""
    good = meant if _VARIABLE.fullmatch(meant) else None
    problem = f"{shown(value)} is not the name of a variable"
    raise unreadable("bad-name", problem, "write a name such as REDIS_PASSWORD", good)


class SecretSpec(Spec):
    """Where a secret stands."""

    env: Annotated[
        str,
        PlainValidator(parse_variable),
        WithJsonSchema({"type": "string", "examples": ["API_KEY"]}),
    ] = ""
    """The environment variable that holds it."""
    file: FilePath = ""
    """The file that holds it; a line end at its end is not part of it."""

    @model_validator(mode="after")
    def _stands_in_one_place(self) -> Self:
        if bool(self.env) == bool(self.file):
            both = "both env and file say where the secret is"
            neither = "neither env nor file says where the secret is"
            raise unreadable("conflict" if self.env else "incomplete",
                             both if self.env else neither, _WRITTEN)  # fmt: skip
        return self


def _literal(value: object) -> SecretText:
    if isinstance(value, SecretText):
        return value
    if not isinstance(value, str):
        raise unreadable("bad-value", "a secret is text", _WRITTEN)
    if not value:
        raise unreadable("bad-value", "a secret that is empty keeps nobody out", _WRITTEN)
    return SecretText(parse_text(value))


def _is_map(value: object) -> str:
    # In brackets, so that no field of a map is taken for the word.
    return "(map)" if isinstance(value, dict | SecretSpec) else "(value)"


_Literal = Annotated[
    SecretText,
    GetPydanticSchema(
        lambda _type, _handler: core_schema.no_info_plain_validator_function(
            _literal, serialization=core_schema.to_string_ser_schema()
        )
    ),
    WithJsonSchema({"type": "string", "writeOnly": True}),
    Tag("(value)"),
]
#: A secret as a rule file has it: where it stands, or, with a warning, the secret itself.
Secret = Annotated[
    _Literal | Annotated[SecretSpec, Tag("(map)")],
    Discriminator(_is_map),
]
