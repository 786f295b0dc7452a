"""Says in the words of the rule language what pydantic found wrong, and where it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.model.reading import closest, shown
from sidecar.ruleset.alerts_section import ALERT_KINDS
from sidecar.ruleset.diagnostics import CODES, Diagnostic, Span, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Node, Path, step
from sidecar.ruleset.schema import TOLD_APART, field_at
from sidecar.ruleset.words import where

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: What people write for a word of this language, out of habit with others.
_HABITS = {
    "off": "disabled",
    "false": "disabled",
    "no": "disabled",
    "on": "enforce",
    "true": "enforce",
    "yes": "enforce",
    "dry_run": "shadow",
    "dry-run": "shadow",
    "monitor": "shadow",
    "audit": "shadow",
    "rr": "round_robin",
    "least_conn": "least_request",
    "leaky_bucket": "gcra",
    "ip": "client.address",
    "client_ip": "client.address",
    "client": "client.address",
    "required": "require",
    "optional": "request",
}
_MAP_TYPES = frozenset({"model_type", "model_attributes_type", "dict_type", "mapping_type"})
_LIST_TYPES = frozenset({"tuple_type", "list_type", "set_type"})
_KIND_TYPES = frozenset({"union_tag_invalid", "union_tag_not_found"})
_WORD_TYPES = frozenset({"enum", "literal_error"})


def translate(error: ErrorDetails, document: Document) -> Diagnostic:
    """The diagnostic for one of pydantic's errors about ``document``."""
    path = place_of(error, document)
    kind = error["type"]
    if kind in _KIND_TYPES:
        return _no_kind(error, path, document)
    if kind == "missing":
        span = document.holder_span(path[:-1])
        message = f"'{path[-1]}' is missing {where(path[:-1], document)}"
        return finding("missing-field", message, document.name, span, _to_add(path, document))
    if kind in CODES:
        context = error.get("ctx", {})
        span = _value_span(error, path, document)
        message = str(context.get("problem", error["msg"]))
        return finding(kind, message, document.name, span, str(context.get("hint", "")))
    if kind in _WORD_TYPES:
        return _unknown_word(error, path, document)
    return _wrong_type(error, path, document)


def place_of(error: ErrorDetails, document: Document) -> Path:
    """The error's place, without what pydantic adds for itself: steps that lead nowhere."""
    kept: list[str | int] = []
    location = error["loc"]
    for index, part in enumerate(location):
        node: Node | None = document.root
        for taken in kept:
            node = step(node, taken) if node is not None else None
        last = index == len(location) - 1
        if part == "[key]" or (index == 2 and location[0] == TOLD_APART):
            # The third step into `alerts` is the word by which pydantic tells entries apart.
            continue
        if node is not None and step(node, part) is None and not (last and isinstance(part, str)):
            continue
        kept.append(part)
    return tuple(kept)


def _value_span(error: ErrorDetails, path: Path, document: Document) -> Span:
    """The place of the value, or of the name of the field when that is what is wrong."""
    if error["loc"] and error["loc"][-1] == "[key]":
        return document.name_span(path)
    if isinstance(error["input"], dict):
        return document.holder_span(path)
    return document.span(path)


def _no_kind(error: ErrorDetails, path: Path, document: Document) -> Diagnostic:
    """What is told apart by its kind has none, or one that nobody knows."""
    if error["type"] == "union_tag_not_found":
        message = f"'kind' is missing {where(path, document)}"
        hint = "add kind: what it is about, such as burn_rate or breaker_open"
        return finding("missing-field", message, document.name, document.holder_span(path), hint)
    given = error["input"].get("kind") if isinstance(error["input"], dict) else None
    meant = closest(given, ALERT_KINDS) if isinstance(given, str) else None
    hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(ALERT_KINDS)}"
    message = f"{shown(given)} is no kind of alert"
    return finding("unknown-word", message, document.name, document.span((*path, "kind")), hint)


def _to_add(path: Path, document: Document) -> str:
    field = field_at(path, document.root)
    sentence = (field.description or "").partition(";")[0].rstrip(".") if field else ""
    sentence = sentence.replace("`", "")
    return f"add {path[-1]}: {sentence[:1].lower()}{sentence[1:]}" if sentence else ""


def _unknown_word(error: ErrorDetails, path: Path, document: Document) -> Diagnostic:
    words = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
    value = error["input"]
    text = shown(value).strip("'").lower()
    habit = _HABITS.get(text)
    meant = habit if habit in words else closest(text, words) if isinstance(value, str) else None
    expected = f"write {' or '.join([', '.join(words[:-1]), words[-1]]).removeprefix(' or ')}"
    hint = f"{expected}; did you mean {meant}?" if meant else expected
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    message = f"{shown(value)} is not a word for '{name}'"
    return finding("unknown-word", message, document.name, document.span(path), hint)


def _wrong_type(error: ErrorDetails, path: Path, document: Document) -> Diagnostic:
    name = next((part for part in reversed(path) if isinstance(part, str)), "the file")
    span, value = document.span(path), error["input"]
    if error["type"] in _MAP_TYPES:
        hint = f"write {path[-1]}: {{…}}" if path and isinstance(path[-1], str) else "write {…}"
        message = f"{shown(value)} stands where a map must, in '{name}'"
    elif error["type"] in _LIST_TYPES:
        scalar = not isinstance(value, dict | list | tuple)
        hint = f"write [{value}]" if scalar else "begin each entry with a hyphen"
        message = f"'{name}' is a list, not {shown(value)}"
    else:
        said = error["msg"][:1].lower() + error["msg"][1:]
        return finding("bad-value", f"'{name}': {said}", document.name, span)
    return finding("wrong-type", message, document.name, span, hint)
