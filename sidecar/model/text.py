"""Names, patterns and other text in a rule file, each with its grammar."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from sidecar.model.reading import shown, unreadable

_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_KEY_NAME = r"[a-z]([a-z0-9_-]{0,61}[a-z0-9])?"
_LABEL = r"[a-z]([a-z0-9_]{0,61}[a-z0-9])?"
_FIELD_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_METHOD = r"[A-Z][A-Z-]*"
_PATH = r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)+"
_LONGEST_TEXT = 4096
#: What would break a line of a log or of a header: C0 controls and DEL.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED_ESCAPE = re.compile(
    r"%(4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9AE]|3[0-9]|2[DE]|5F)", re.IGNORECASE
)

_TEXT_WRITTEN = "write text on one line, in quotes if it looks like a number or true, false, null"


def parse_text(value: object) -> str:
    """One line of text. Raises ``bad-text``; a number has to be put in quotes."""
    if isinstance(value, str):
        if len(value) <= _LONGEST_TEXT and not _CONTROL.search(value):
            return value
        raise unreadable("bad-text", "this text has control characters or is too long",
                         _TEXT_WRITTEN)  # fmt: skip
    scalar = isinstance(value, bool | int | float)
    meant = f'"{shown(value)}"' if scalar else None
    raise unreadable("bad-text", f"{shown(value)} is not text", _TEXT_WRITTEN, meant)


def parse_path_pattern(value: object) -> str:
    """A path that begins with ``/``; ``*`` stands inside a segment, ``**`` for all that follows.

    Raises ``bad-path`` for what no path can match once it was read: a query, dot segments,
    escapes of what needs none.
    """
    text = value if isinstance(value, str) else ""
    expected = "write a path such as /orders, /skus/*/stock or /admin/**"
    problem, meant = _path_problem(text) if text else ("is not a path", None)
    if problem:
        raise unreadable("bad-path", f"{shown(value)} {problem}", expected, meant)
    return text


def parse_plain_path(value: object) -> str:
    """A path without stars. Raises ``bad-path``."""
    text = value if isinstance(value, str) else ""
    expected = "write one path, such as /healthz"
    problem, meant = _path_problem(text) if text else ("is not a path", None)
    if "*" in text:
        problem, meant = "has a star", None
    elif meant and "*" in meant:
        # A pattern was meant, which this cannot be.
        problem, meant = "has braces", None
    if problem:
        raise unreadable("bad-path", f"{shown(value)} {problem}", expected, meant)
    return text


def _path_problem(text: str) -> tuple[str, str | None]:
    """What keeps ``text`` from being a path, and what may have been meant."""
    for is_so, problem, mend in _PATH_PROBLEMS:
        if is_so(text):
            meant = mend(text)
            good = meant and not any(check(meant) for check, _, _ in _PATH_PROBLEMS)
            return problem, meant if good else None
    return "", None


def _nothing(_: str) -> str:
    return ""


#: Checks in order, what each says, and how to mend what it found.
_PATH_PROBLEMS: tuple[tuple[Callable[[str], object], str, Callable[[str], str]], ...] = (
    (lambda text: not text.startswith("/"), "does not begin with /", "/{}".format),
    (
        re.compile("[?#]").search,
        "has more than a path (match a query with query:)",
        lambda text: re.split("[?#]", text, maxsplit=1)[0],
    ),
    (_BROKEN_ESCAPE.search, "has a % that begins no escape", _nothing),
    (
        _UNRESERVED_ESCAPE.search,
        "has an escape that every path loses when it is read",
        lambda text: _UNRESERVED_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text),
    ),
    (
        re.compile(r"/\.\.?(/|$)").search,
        "has a dot segment, which every path loses when it is read",
        _nothing,
    ),
    (
        lambda text: "**" in text.removesuffix("/**"),
        "has ** before its end, or as part of a segment",
        _nothing,
    ),
    (
        re.compile(r"[{}]").search,
        "has braces; a star stands for a segment",
        lambda text: re.sub(r"\{[^{}/]*\}", "*", text),
    ),
    (
        lambda text: not re.fullmatch(_PATH, _without_foreign(text)),
        "has characters that a path cannot have",
        _nothing,
    ),
)


def _without_foreign(text: str) -> str:
    """``text`` without what is matched as its UTF-8 escapes: all but ASCII."""
    return re.sub(r"[^\x00-\x7f]", "", text)


def is_field_name(text: str) -> bool:
    """Whether ``text`` can name a header field (RFC 9110, 5.1)."""
    return re.fullmatch(_FIELD_NAME, text) is not None


def parse_header_name(value: object) -> str:
    """A field name in lower case (RFC 9110, 5.1). Raises ``bad-header-name``."""
    if isinstance(value, str) and re.fullmatch(_FIELD_NAME, value):
        return value.lower()
    meant = value.strip().rstrip(":").replace(" ", "-") if isinstance(value, str) else ""
    good = meant if re.fullmatch(_FIELD_NAME, meant) else None
    problem = f"{shown(value)} is not the name of a header field"
    raise unreadable("bad-header-name", problem, "write a name such as x-user-id", good)


def parse_method(value: object) -> str:
    """A request method, which is upper case (RFC 9110, 9.1). Raises ``bad-method``."""
    if isinstance(value, str) and re.fullmatch(_METHOD, value):
        return value
    meant = value.strip().upper() if isinstance(value, str) else ""
    good = meant if re.fullmatch(_METHOD, meant) else None
    raise unreadable("bad-method", f"{shown(value)} is not a method", "write GET, POST …", good)


def _named(
    code: str, what: str, pattern: str, expected: str, joint: str
) -> Callable[[object], str]:
    compiled = re.compile(pattern)

    def parse(value: object) -> str:
        if isinstance(value, str) and compiled.fullmatch(value):
            return value
        text = value.lower() if isinstance(value, str) else ""
        meant = re.sub(r"[^a-z0-9]+", joint, text).strip(joint)
        good = meant if compiled.fullmatch(meant) else None
        raise unreadable(code, f"{shown(value)} is not {what}", expected, good)

    return parse


def _schema(pattern: str, description: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({
        "type": "string", "pattern": f"^{pattern}$",
        "description": description, "examples": list(examples),
    })  # fmt: skip


Name = Annotated[
    str,
    PlainValidator(
        _named("bad-name", "a name", _NAME, "write lower-case letters, digits and hyphens", "-")
    ),
    _schema(_NAME, "A name of lower-case letters, digits and hyphens.", "each-client"),
]
#: Names of keys may have underscores: they stand in `match` beside its own fields.
KeyName = Annotated[
    str,
    PlainValidator(
        _named(
            "bad-name",
            "the name of a key",
            _KEY_NAME,
            "write lower-case letters, digits, underscores and hyphens",
            "_",
        )
    ),
    _schema(_KEY_NAME, "The name of a declared key.", "client", "user"),
]
#: A label goes to Prometheus, which allows no hyphen.
LabelName = Annotated[
    str,
    PlainValidator(
        _named(
            "bad-label",
            "the name of a label",
            _LABEL,
            "write lower-case letters, digits and underscores",
            "_",
        )
    ),
    _schema(_LABEL, "The name of a label, as metrics allow it.", "team"),
]
Text = Annotated[
    str,
    PlainValidator(parse_text),
    WithJsonSchema({"type": "string", "maxLength": _LONGEST_TEXT}),
]
#: Text in which ``*`` stands for any characters, none included.
Glob = Annotated[
    str,
    PlainValidator(parse_text),
    WithJsonSchema({
        "type": "string", "maxLength": _LONGEST_TEXT, "examples": ["web", "*bot*"],
        "description": "Text, in which * stands for any characters.",
    }),
]  # fmt: skip
#: A file's name, relative to the rule file when it is not absolute.
FilePath = Annotated[
    str,
    PlainValidator(parse_text),
    WithJsonSchema({
        "type": "string", "maxLength": _LONGEST_TEXT, "examples": ["certs/cert.pem"],
        "description": "A file, relative to the rule file when it does not begin with /.",
    }),
]  # fmt: skip
PathPattern = Annotated[
    str,
    PlainValidator(parse_path_pattern),
    WithJsonSchema({
        "type": "string", "pattern": "^/[^?#]*$",
        "examples": ["/orders", "/skus/*/stock", "/admin/**"],
        "description": "A path; * stands inside a segment, a final ** for all that follows.",
    }),
]  # fmt: skip
PlainPath = Annotated[
    str,
    PlainValidator(parse_plain_path),
    WithJsonSchema({
        "type": "string", "pattern": "^/[^?#*]*$", "examples": ["/healthz"],
        "description": "One path.",
    }),
]  # fmt: skip
HeaderName = Annotated[
    str,
    PlainValidator(parse_header_name),
    _schema(_FIELD_NAME, "The name of a header field, in any case.", "x-user-id"),
]
MethodName = Annotated[
    str,
    PlainValidator(parse_method),
    _schema(_METHOD, "A request method, upper case.", "GET", "POST"),
]
