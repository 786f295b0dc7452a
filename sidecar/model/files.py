"""Files that a rule names for what stands in them: lists of values, bodies, key sets.

Whoever writes a spec uses these types; that such a file is there and can be read is checked with
the rule file, and its content is handed to compiling (``BuildContext``).
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from pydantic import Discriminator, Tag

from sidecar.model.spec import Spec
from sidecar.model.values import Cidr, FilePath, Glob, OneOrMany


class Form(Enum):
    """What is expected in a file."""

    #: One value a line.
    VALUES = "values"
    #: One address or network a line.
    NETWORKS = "networks"
    #: One SHA-256 of a value a line, in hexadecimal digits.
    SHA256 = "sha256"
    #: Whatever bytes there are.
    CONTENT = "content"
    #: A JSON Web Key Set (RFC 7517).
    KEY_SET = "key set"


class Hashed(Enum):
    """How the values in a list file are hidden."""

    SHA256 = "sha256"


class FileSpec(Spec):
    """A file whose content is used as it is, such as the body of an answer."""

    file: FilePath
    """The file."""

    form: ClassVar[Form] = Form.CONTENT

    @property
    def expects(self) -> Form:
        """What must stand in the file."""
        return self.form


class KeySetFileSpec(FileSpec):
    """A file with public keys."""

    file: FilePath
    """A JSON Web Key Set; read again when it changes."""

    form: ClassVar[Form] = Form.KEY_SET


class NetworkFileSpec(FileSpec):
    """A file with one address or network a line."""

    file: FilePath
    """The list: one entry a line, `until: TIME` after it where it ends; reloaded alone."""

    form: ClassVar[Form] = Form.NETWORKS


class ValueFileSpec(FileSpec):
    """A file with one value a line."""

    file: FilePath
    """The list: one entry a line, `until: TIME` after it where it ends; reloaded alone."""
    hashed: Hashed | None = None
    """`sha256` when the file holds the SHA-256 of each value, as it should for API keys."""

    form: ClassVar[Form] = Form.VALUES

    @property
    def expects(self) -> Form:
        """What must stand in the file."""
        return Form.SHA256 if self.hashed is not None else self.form


def _is_map(value: object) -> str:
    # In brackets, so that no field of a map is taken for the word.
    return "(map)" if isinstance(value, dict | Spec) else "(value)"


#: A value in which ``*`` stands for any characters, or a file of plain values.
ListedValue = Annotated[
    Annotated[Glob, Tag("(value)")] | Annotated[ValueFileSpec, Tag("(map)")],
    Discriminator(_is_map),
]
#: A network, or a file of them.
ListedNetwork = Annotated[
    Annotated[Cidr, Tag("(value)")] | Annotated[NetworkFileSpec, Tag("(map)")],
    Discriminator(_is_map),
]
ListedValues = OneOrMany[ListedValue]
ListedNetworks = OneOrMany[ListedNetwork]
