"""Writes the reference of fields and codes from the schema.

``python -m sidecar.ruleset.reference docs/rules.md`` renews it; ``--check`` only compares.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sidecar.model.spec import MatchSpec, RuleSpec, Spec
from sidecar.ruleset.alert_entry import AlertSpec
from sidecar.ruleset.alerts_section import ALERT_KINDS
from sidecar.ruleset.diagnostics import CODES, Severity
from sidecar.ruleset.schema import (
    RULE_KINDS,
    TOLD_APART,
    RuleFile,
    entry_type,
    fields_of,
    json_schema,
)

BEGIN: Final = "<!-- generated from sidecar/ruleset: do not edit below -->"
END: Final = "<!-- end of the generated part -->"

#: Sections whose entries have a name or a place of their own, and how that is written.
_ENTRIES: Final = {
    "upstreams": "upstreams.NAME",
    "keys": "keys.NAME",
    "routes": "routes[]",
    "priorities": "priorities[]",
    "slo": "slo[]",
}
#: Examples that say less than a word does.
_WORDS: Final = {
    "each-client": "name",
    "client": "name of a key",
    "certs/cert.pem": "file",
    "web": "text, `*`",
}


def reference() -> str:
    """The whole reference as Markdown."""
    schema = json.loads(json_schema())
    maps = [f"{heading}\n\n{table}" for heading, table in _maps(schema)]
    errors = [code for code, meaning in CODES.items() if meaning.severity is Severity.ERROR]
    warnings = [code for code in CODES if code not in errors]
    return "\n\n".join((
        "### Fields",
        *maps,
        "### Errors",
        _table(("code", "meaning"), map(_code_row, errors)),
        "### Warnings",
        _table(("code", "meaning"), map(_code_row, warnings)),
    ))  # fmt: skip


def renewed(page: str) -> str:
    """``page`` with the reference between its two marks. Raises ``ValueError`` without them."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page must have one {BEGIN!r} and one {END!r}")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Renew or check the pages named; 1 when a page that was only checked is out of date."""
    check = "--check" in arguments
    stale = [Path(name) for name in arguments if name != "--check" and _is_stale(Path(name))]
    for path in stale:
        if check:
            sys.stderr.write(f"{path} is not what the schema says; run this without --check\n")
        else:
            path.write_text(renewed(path.read_text("utf-8")), "utf-8")
    return int(check and bool(stale))


def _is_stale(path: Path) -> bool:
    page = path.read_text("utf-8")
    return renewed(page) != page


def _maps(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Heading and table of each map of the language, top to bottom."""
    yield "#### The file", _fields(RuleFile, schema)
    for section, annotation in fields_of(RuleFile).items():
        spec = entry_type(annotation)
        if section == TOLD_APART:
            yield from _alerts(schema)
        elif section not in RULE_KINDS and isinstance(spec, type) and issubclass(spec, Spec):
            yield from _below(_ENTRIES.get(section, section), spec, schema)
    yield "#### `match`", _fields(MatchSpec, schema)
    common = fields_of(RuleSpec)
    any_kind = _definition(next(iter(RULE_KINDS.values())), schema)["properties"]
    yield "#### Every rule", _rows({name: any_kind[name] for name in common}, schema, ["name"])
    for section, kind in RULE_KINDS.items():
        definition = _definition(kind, schema)
        properties = definition["properties"]
        rest = {name: field for name, field in properties.items() if name not in common}
        yield f"#### `{section}[]`", _rows(rest, schema, definition["required"])
        for name, annotation in fields_of(kind).items():
            inner = entry_type(annotation)
            if name in rest and isinstance(inner, type) and issubclass(inner, Spec):
                yield from _below(f"{section}[].{name}", inner, schema)


def _alerts(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The kinds of alerts with what each may have, and what those fields say."""
    shared = fields_of(AlertSpec)
    fields: dict[str, Any] = {}
    rows = []
    for word, spec in ALERT_KINDS.items():
        definition = _definition(spec, schema)
        own = {name: one for name, one in definition["properties"].items() if name not in shared}
        fields = {**own, **fields}
        written = ", ".join(f"`{name}{_left_out(one)}`" for name, one in own.items())
        rows.append((f"`{word}`", written, definition["description"]))
    any_kind = _definition(next(iter(ALERT_KINDS.values())), schema)
    common = {name: one for name, one in any_kind["properties"].items() if name in shared}
    common["kind"] = {"description": "What it is about: one of the kinds below.", "type": "string"}
    yield f"#### `{TOLD_APART}[]`", _rows(common, schema, any_kind["required"])
    yield "#### Kinds of alerts", _table(("kind", "its fields, and what they are when left out",
                                          "somebody is told when"), rows)  # fmt: skip
    plain = {name: {**one, "default": None} for name, one in fields.items()}
    told = ((f"`{name}`", _written(one, schema), _meaning(one, schema))
            for name, one in plain.items())  # fmt: skip
    yield "#### Fields of kinds of alerts", _table(("field", "written", "meaning"), told)


def _left_out(field: dict[str, Any]) -> str:
    """``: 5m`` where that is what a field is when left out."""
    return f": {json.dumps(field['default']).strip(chr(34))}" if "default" in field else ""


def _below(path: str, spec: type[Spec], schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield f"#### `{path}`", _fields(spec, schema)
    for name, annotation in fields_of(spec).items():
        inner = entry_type(annotation)
        is_spec = isinstance(inner, type) and issubclass(inner, Spec)
        # Those have a heading of their own, and a list of conditions is a list of these.
        told = (MatchSpec, entry_type(fields_of(RuleFile).get(name)))
        if is_spec and inner not in told and not issubclass(spec, inner):
            yield from _below(f"{path}.{name}", inner, schema)


def _definition(spec: type[Spec], schema: dict[str, Any]) -> Any:
    return schema if spec is RuleFile else schema["$defs"][spec.__name__]


def _fields(spec: type[Spec], schema: dict[str, Any]) -> str:
    definition = _definition(spec, schema)
    return _rows(definition["properties"], schema, definition.get("required", ()))


def _rows(properties: dict[str, Any], schema: dict[str, Any], required: Sequence[str] = ()) -> str:
    rows = (
        (f"`{name}`", _written(field, schema), _default(field, must=name in required),
         _meaning(field, schema))
        for name, field in properties.items()
    )  # fmt: skip
    return _table(("field", "written", "left out", "meaning"), rows)


def _meaning(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """The field's sentence, which is left out of the schema when its map says the same."""
    target = schema["$defs"].get(field.get("$ref", "").removeprefix("#/$defs/"), {})
    return str(field.get("description") or target["description"])


def _default(field: dict[str, Any], *, must: bool) -> str:
    if must:
        return "required"
    return f"`{json.dumps(field['default']).strip(chr(34))}`" if "default" in field else ""


def _written(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """What stands behind the colon, in as few characters as tell it."""
    if "$ref" in field:
        target = schema["$defs"][field["$ref"].removeprefix("#/$defs/")]
        return _written(target, schema)
    for word in ("anyOf", "allOf"):
        if word in field:
            written = (_written(choice, schema) for choice in field[word])
            return " or ".join("a list" if one == "list" else one for one in written)
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    kinds = {"object": "map", "array": "list", "integer": "number", "boolean": "`true`, `false`"}
    kind = field.get("type", "")
    if kind in kinds:
        return kinds[kind]
    if not kind:
        return "anything"
    example = next(iter(field.get("examples", ())), "")
    return _WORDS.get(example) or (f"`{example}`" if example else "text")


def _code_row(code: str) -> tuple[str, str]:
    return f"`{code}`", CODES[code].sentence


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    escaped = ([cell.replace("|", "\\|").replace("\n", " ") for cell in cells] for cells in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in escaped)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
