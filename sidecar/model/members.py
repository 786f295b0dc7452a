"""Lists of requests: who is on them, by address, method, header field or any declared key."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from sidecar.model.files import ListedNetworks, ListedValues
from sidecar.model.reading import unreadable
from sidecar.model.spec import HeaderUse, KeyUse, Spec
from sidecar.model.values import HeaderName, MethodName, OneOrMany


class MembersSpec(Spec):
    """Entries of one list; a request is on it when any of them fits.

    Besides the fields below, any declared key may stand here by its name, with values, globs, or
    `{file: PATH}` for a file of values.
    """

    model_config = ConfigDict(extra="allow")

    # The values of declared keys; which names are keys is checked against `keys`.
    __pydantic_extra__: dict[str, ListedValues] = Field(init=False)

    client_ip: ListedNetworks = ()
    """Addresses and networks of the client, or a file of them."""
    method: OneOrMany[MethodName] = ()
    """Request methods."""
    header: dict[HeaderName, ListedValues] = Field(default_factory=dict)
    """Header fields and what their value must look like; a missing field is on no list."""

    @property
    def keys(self) -> dict[str, ListedValues]:
        """The declared keys named here, and what is listed for each."""
        return self.__pydantic_extra__ or {}

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not (self.client_ip or self.method or self.header or self.keys):
            expected = "name somebody by client_ip, method, header or a declared key, "
            expected += "or leave the list out"
            raise unreadable("empty-list", "the list names nobody", expected)
        return self

    def keys_used(self, field: str) -> tuple[KeyUse, ...]:
        """The places that name a declared key, in a list that stands in ``field`` of a rule."""
        return tuple(KeyUse(name, (field, name)) for name in self.keys)

    def headers_used(self, field: str) -> tuple[HeaderUse, ...]:
        """The places that name a header field."""
        # A draft may lack any of its fields.
        headers = getattr(self, "header", None) or {}
        return tuple(HeaderUse(name, (field, "header", name)) for name in headers)
