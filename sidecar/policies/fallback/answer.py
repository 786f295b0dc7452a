"""Answers that are written in the rule file, filled in or as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Final, final

from sidecar.algorithms.parameters import query_reader
from sidecar.algorithms.template import Template
from sidecar.model.http import RequestHead
from sidecar.model.policy import BuildContext

if TYPE_CHECKING:
    from sidecar.policies.fallback.spec import FallbackStepSpec

_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"
_CONTENT_TYPE: Final = b"content-type"
#: Types of files by how their names end.
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "gif": "image/gif",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": _JSON,
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": _TEXT,
    "webp": "image/webp",
    "xml": "application/xml",
}
#: The words of places; those that end with a dot have a name behind it.
PLACES: Final = ("path", "reason", "query.", "key.")

#: Reads the value for a place; the reason is told besides.
_Reader = Callable[[RequestHead, str], str]


@final
class Answer:
    """One whole answer but for its head's last lines."""

    __slots__ = ("_escaped", "_is_json", "_plain", "_readers", "_template", "headers", "status")

    def __init__(self, spec: FallbackStepSpec, name: str, context: BuildContext) -> None:
        """``name`` is what the answer calls itself in ``x-degraded``."""
        body, source = spec.body, ""
        if body is not None:
            source = body.source
            if body.file:
                source = context.text_of(body.file).decode("utf-8", "surrogateescape")
        fields = {key.encode(): value.encode() for key, value in spec.headers.items()}
        kind = _type_of(spec)
        if kind:
            fields.setdefault(_CONTENT_TYPE, kind.encode())
        # What stands in for a moment must not be kept for longer.
        fields.setdefault(b"cache-control", b"no-store")
        fields.setdefault(b"x-degraded", name.encode())
        self.status = spec.status
        self._plain = source.encode("utf-8", "surrogateescape")
        self._template: Template | None = None
        self._readers: Mapping[str, _Reader] = {}
        self._escaped = _escaping(fields.get(_CONTENT_TYPE, b""))
        self._is_json = b"json" in fields.get(_CONTENT_TYPE, b"").lower()
        if spec.serve.value == "template":
            fields.setdefault(b"x-content-type-options", b"nosniff")
            self._template = Template(source)
            self._readers = _readers(self._template, context)
        self.headers = tuple(fields.items())

    def body(self, request: RequestHead, reason: str) -> bytes:
        """What it says to this request, which is degraded for this reason."""
        template = self._template
        if template is None:
            return self._plain
        return template.fill(lambda name: self._value(name, request, reason)).encode(
            "utf-8", "surrogateescape"
        )

    def is_sound(self, request: RequestHead) -> bool:
        """Whether what it would say to this request is what it claims to be."""
        body = self.body(request, "exercise")
        if not self._is_json:
            return True
        try:
            json.loads(body)
        except ValueError:
            return False
        return True

    def _value(self, name: str, request: RequestHead, reason: str) -> str:
        read = self._readers.get(name)
        # Braces around a word of the text's own, in a file.
        return f"{{{name}}}" if read is None else self._escaped(read(request, reason))


def is_place(name: str) -> bool:
    """Whether there is something to fill in for this name."""
    word, dot, rest = name.partition(".")
    return word + dot in PLACES and bool(rest) == bool(dot)


def _readers(template: Template, context: BuildContext) -> dict[str, _Reader]:
    found = {name: _reader(name, context) for name in template.names if is_place(name)}
    return {name: reader for name, reader in found.items() if reader is not None}


def _reader(name: str, context: BuildContext) -> _Reader | None:
    word, _, rest = name.partition(".")
    if word == "path":
        return lambda request, _reason: _text(request.path)
    if word == "reason":
        return lambda _request, reason: reason
    if word == "query":
        read = query_reader(rest.encode())
    else:
        try:
            read = context.key(rest).read
        except KeyError:
            # In a file, which is not looked into when the rules are checked.
            return None
    return lambda request, _reason: _text(read(request))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _type_of(spec: FallbackStepSpec) -> str:
    body = spec.body
    if body is None:
        return ""
    if body.file:
        return _TYPES.get(body.file.lower().rpartition(".")[2], "application/octet-stream")
    return _JSON if "json" in body.forms else _TEXT


def _escaping(content_type: bytes) -> Callable[[str], str]:
    """How a value is written so that it stays one in a body of this type."""
    kind = content_type.lower()
    if b"json" in kind:
        return lambda value: json.dumps(value, ensure_ascii=False)[1:-1]
    if b"html" in kind or b"xml" in kind or b"svg" in kind:
        return escape
    return str
