"""What a request costs, where requests do not all cost the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from sidecar.algorithms.parameters import query_reader
from sidecar.model.http import RequestHead
from sidecar.model.reading import unreadable
from sidecar.model.spec import HeaderUse, Spec
from sidecar.model.values import Count, Text

#: More digits than any cost has that is meant.
_DIGITS_AT_MOST = 9
#: The characters of a header field's name (RFC 9110, 5.6.2).
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class CostSource(Enum):
    """Where a cost is written."""

    REQUEST_HEADER = "request_header"
    RESPONSE_HEADER = "response_header"
    QUERY = "query"


def _named(name: str) -> str:
    if not name:
        raise unreadable("bad-name", "the name is empty", "write the name of a field or parameter")
    return name


class CostSpec(Spec):
    """Where it says how many units a request costs."""

    source: CostSource = Field(alias="from")
    """`request_header` and `query` are known before the request goes on; `response_header` is
    what the upstream says afterwards, and may leave a debt."""
    name: Annotated[Text, AfterValidator(_named)]
    """The name of the header field or query parameter."""
    default: Count = 1
    """What a request costs that does not say, or says no whole number."""

    @model_validator(mode="after")
    def _is_a_field(self) -> Self:
        if self.source is CostSource.RESPONSE_HEADER and not _TOKEN.issuperset(self.name):
            problem = f"'{self.name}' is not the name of a header field"
            raise unreadable("bad-header-name", problem, "write a name such as x-cost")
        return self

    @property
    def field_name(self) -> bytes:
        """The name as fields are found by."""
        return self.name.lower().encode("utf-8", "surrogatepass")

    def response_fields(self) -> tuple[bytes, ...]:
        """The field of answers that tells the cost."""
        # A draft may lack any of its fields.
        name, source = getattr(self, "name", ""), getattr(self, "source", None)
        return (name.lower().encode(),) if name and source is CostSource.RESPONSE_HEADER else ()

    def headers_used(self, field: str) -> tuple[HeaderUse, ...]:
        """The header field of requests that tells the cost, in a map that stands in ``field``."""
        name, source = getattr(self, "name", ""), getattr(self, "source", None)
        if not name or source is not CostSource.REQUEST_HEADER:
            return ()
        # What strangers say that their requests cost is not believed.
        return (HeaderUse(name.lower(), (field, "name"), of_callers=True),)

    def request_reader(self) -> Callable[[RequestHead], int] | None:
        """Reads the cost from a request, at least 1; None when only the answer tells it."""
        if self.source is CostSource.RESPONSE_HEADER:
            return None
        default, name = self.default, self.field_name
        if self.source is CostSource.QUERY:
            read = query_reader(self.name.encode("utf-8", "surrogatepass"))
            return lambda request: max(1, cost_of(read(request), default))
        return lambda request: max(1, cost_of(request.fields.get(name, b""), default))

    def response_reader(self) -> Callable[[Mapping[bytes, bytes]], int] | None:
        """Reads the cost from the fields of an answer; None when the request tells it."""
        if self.source is not CostSource.RESPONSE_HEADER:
            return None
        default, name = self.default, self.field_name
        return lambda fields: cost_of(fields.get(name, b""), default)


def cost_of(value: bytes, default: int) -> int:
    """The whole number that ``value`` is; ``default`` when it is none, or has too many digits."""
    if value.isdigit() and len(value) <= _DIGITS_AT_MOST:
        return int(value)
    return default


CostReader = Callable[[RequestHead], int]
AnsweredCost = Callable[[Mapping[bytes, bytes]], int]
