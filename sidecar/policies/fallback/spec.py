"""What an admin writes about a fallback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, WithJsonSchema

from sidecar.algorithms.template import Template
from sidecar.model.files import FileSpec
from sidecar.model.policy import BuildContext
from sidecar.model.reading import shown, unreadable
from sidecar.model.spec import KeyUse, RuleSpec, Spec
from sidecar.model.values import Duration, FilePath, HeaderName, Name, OneOrMany, Percent, Text
from sidecar.policies.fallback.gate import Fallback


class When(Enum):
    """What a fallback answers for."""

    BREAKER_OPEN = "breaker_open"
    TIMEOUT = "timeout"
    CONNECT_FAILURE = "connect_failure"
    UPSTREAM_5XX = "upstream_5xx"
    OVERLOADED = "overloaded"
    RATE_LIMITED = "rate_limited"
    NO_ENDPOINT = "no_endpoint"
    CONCURRENCY_LIMITED = "concurrency_limited"
    ANY = "any"


class Serve(Enum):
    """Where an answer comes from instead."""

    UPSTREAM = "upstream"
    STATIC = "static"
    TEMPLATE = "template"


def parse_answer_status(value: object) -> int:
    """A status that ends a request: 200 to 599. Raises ``bad-status``."""
    if isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599:
        return value
    raise unreadable("bad-status", f"{shown(value)} is no status of an answer", "write 200 to 599")


AnswerStatus = Annotated[
    int,
    PlainValidator(parse_answer_status),
    WithJsonSchema({"type": "integer", "minimum": 200, "maximum": 599}),
]
#: Whatever YAML can say that JSON can.
AnyJson = Annotated[Any, WithJsonSchema({})]


class FallbackBodySpec(FileSpec):
    """What the answer says: a file, JSON or text."""

    file: FilePath = ""
    """A file whose content is the body; its name says the type."""
    as_json: AnyJson = Field(default=None, alias="json")
    """A value that is sent as JSON."""
    text: str = ""
    """Text that is sent as it is."""

    @property
    def forms(self) -> tuple[str, ...]:
        """The fields that are written."""
        written = {"as_json": "json", "file": "file", "text": "text"}
        return tuple(written[name] for name in written if name in self.model_fields_set)

    @property
    def source(self) -> str:
        """The body as it is written here; empty for a file's."""
        return json.dumps(self.as_json, ensure_ascii=False) if "json" in self.forms else self.text


class FallbackStepSpec(Spec):
    """One answer to try."""

    serve: Serve
    """Ask another `upstream`, give the `static` answer written here, or fill in a `template`."""
    upstream: Name | None = None
    """The upstream to ask; its own limits and breakers hold."""
    timeout: Duration | None = None
    """How long it may take; as long as one try when left out."""
    status: AnswerStatus = 200
    """The status of the answer."""
    body: FallbackBodySpec | None = None
    """What the answer says; nothing when left out."""
    headers: dict[HeaderName, Text] = Field(default_factory=dict)
    """Further header fields of the answer."""

    @property
    def places(self) -> frozenset[str]:
        """The names of the places that are filled in."""
        if self.serve is not Serve.TEMPLATE or self.body is None:
            return frozenset()
        return Template(self.body.source).names


class FallbackSpec(RuleSpec):
    """What is answered instead."""

    kind: ClassVar[str] = "fallbacks"

    when: OneOrMany[When] = ()
    """What it answers for: failures of the upstream, and refusals that protect it."""
    switch: Name | None = None
    """While this switch is on, it answers for all that access and limits let through."""
    steps: tuple[FallbackStepSpec, ...] = Field(alias="try")
    """The answers, tried in this order."""
    exercise: Percent | None = None
    """The share of GET requests for which it is tried beside the real answer and thrown away;
    none when left out."""

    def build(self, context: BuildContext) -> Fallback:
        """The live form."""
        return Fallback(self, context)

    def keys_used(self) -> tuple[KeyUse, ...]:
        """Those of ``match``, and those whose values are filled in."""
        return (*super().keys_used(), *self._keys_filled_in())

    def _keys_filled_in(self) -> Iterator[KeyUse]:
        for index, step in enumerate(self.steps):
            for name in sorted(step.places):
                kind, _, key = name.partition(".")
                if kind == "key" and step.body is not None:
                    yield KeyUse(key, ("try", index, "body", step.body.forms[0]))
