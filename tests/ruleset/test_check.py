"""Rule files that are right, rule files that are wrong in every way, and what is said of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.ruleset.check import check
from sidecar.ruleset.diagnostics import CODES, Severity
from sidecar.ruleset.document import load
from sidecar.ruleset.folder import Folder
from sidecar.ruleset.nodes import Mapping, Node, Sequence
from sidecar.ruleset.schema import RuleFile, fields_of, spec_at

ROOT = Path(__file__).parents[2]
GOOD = sorted((ROOT / "tests" / "rules").glob("*.good.yaml")) + sorted(
    (ROOT / "rules").glob("*.rules.yaml")
)
BAD = sorted((ROOT / "tests" / "rules").glob("*.bad.yaml"))
EXPECTATION = re.compile(r"# expect: ([a-z-]+) ([0-9]+):([0-9]+) (.+)")


def _name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", GOOD, ids=_name)
def test_nothing_is_said_of_good_files(path: Path) -> None:
    checked = check(path.read_bytes(), path.name, Folder(path.parent))
    assert checked.diagnostics == ()
    assert checked.file is not None


@pytest.mark.parametrize("path", BAD, ids=_name)
def test_bad_files_get_exactly_the_messages_they_expect(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [match.groups() for match in EXPECTATION.finditer(text)]
    checked = check(path.read_bytes(), path.name, Folder(path.parent))
    found = checked.diagnostics
    assert [(one.code, str(one.line), str(one.column)) for one in found] == [
        (code, line, column) for code, line, column, _ in expected
    ]
    for one, (_, _, _, words) in zip(found, expected, strict=True):
        assert words in one.message
    is_wrong = any(one.severity is Severity.ERROR for one in found)
    assert (checked.file is None) is is_wrong


def test_every_code_about_a_file_has_a_bad_file() -> None:
    covered = {
        match[1] for path in BAD for match in EXPECTATION.finditer(path.read_text(encoding="utf-8"))
    }
    # A missing file is the command's business, a restart that of a running sidecar.
    assert set(CODES) - covered == {"no-file", "needs-restart"}


def _field_names(
    node: Node, path: tuple[str | int, ...], root: Node
) -> Iterator[tuple[int, int, str]]:
    """Line, column and text of each field name that the language gives."""
    if isinstance(node, Mapping):
        for name, value in node.fields.items():
            span = node.names[name]
            spec = spec_at(path, root)
            if spec is not None and name in {
                field.alias or own for own, field in spec.model_fields.items()
            }:
                yield span.line, span.column, name
            yield from _field_names(value, (*path, name), root)
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _field_names(item, (*path, index), root)


def _typing_error(name: str, kind: int) -> str:
    """``name`` with one slip; long names get any of four kinds, short ones what still tells."""
    if kind == 0:
        return name.upper()
    if len(name) <= 3 or kind == 1:
        return name + name[-1]
    swapped = name[0] + name[2] + name[1] + name[3:]
    return name[:-1] if kind == 2 or swapped == name else swapped


@dataclass(frozen=True)
class _Slip:
    """A misspelled name and its place."""

    line: int
    column: int
    wrong: str
    name: str


#: So many slips are made in one file: far from each other, and all of them are to be told.
_AT_ONCE = 12


def _misspelled(path: Path) -> Iterator[tuple[str, list[_Slip]]]:
    text = path.read_text(encoding="utf-8")
    root = load(text, path.name).root
    assert root is not None
    slips = [
        _Slip(line, column, _typing_error(name, number % 4), name)
        for number, (line, column, name) in enumerate(sorted(set(_field_names(root, (), root))))
    ]
    apart = len(slips) // _AT_ONCE + 1
    groups: list[dict[int, _Slip]] = []
    for slip in (one for first in range(apart) for one in slips[first::apart]):
        # One a line, so that none moves another.
        room = (one for one in groups if len(one) < _AT_ONCE and slip.line not in one)
        group = next(room, None)
        if group is None:
            groups.append(group := {})
        group[slip.line] = slip
    for chosen in groups:
        lines = text.split("\n")
        for slip in chosen.values():
            line, start = lines[slip.line - 1], slip.column - 1
            lines[slip.line - 1] = line[:start] + slip.wrong + line[start + len(slip.name) :]
        yield "\n".join(lines), sorted(chosen.values(), key=lambda slip: slip.line)


def test_a_slip_in_any_field_tells_its_place_and_the_right_spelling_and_nothing_else() -> None:
    tried: set[tuple[str, int, int]] = set()
    for path in GOOD:
        for text, slips in _misspelled(path):
            errors = [
                one for one in check(text, "a.yaml").diagnostics if one.severity is Severity.ERROR
            ]
            told = [(one.code, one.line, one.column, one.length, one.hint) for one in errors]
            assert told == [
                (
                    "unknown-field",
                    slip.line,
                    slip.column,
                    len(slip.wrong),
                    f"did you mean {slip.name}?",
                )
                for slip in slips
            ]
            tried |= {(path.name, slip.line, slip.column) for slip in slips}
    assert len(tried) > 400


_CORPUS = [path.read_bytes() for path in (*GOOD, *BAD)]


@given(st.data())
def test_nothing_that_is_done_to_a_file_makes_the_check_raise(data: st.DataObject) -> None:
    text = bytearray(data.draw(st.sampled_from(_CORPUS)))
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 12))
        text[start:end] = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from(
                    [b"", b"{", b"[", b"*a", b"&a ", b"\n", b": ", b"null", b"- ", b"0"]
                ),
            )
        )
    checked = check(bytes(text), "a.yaml")
    lines = len(checked.document.lines)
    for one in checked.diagnostics:
        assert 1 <= one.line <= lines + 1
        assert one.column >= 1
        assert one.length >= 1
        assert one.message
    assert checked.file is not None or checked.diagnostics


_FIELDS = [
    "name", "match", "upstream", "mode", "limit", "per", "deny", "allow", "from", "or", "url",
    "targets", "tls", "path", "route", "inbound", "bind", "limits", "proxies", "jwt", "file",
    "active", "balance",
]  # fmt: skip
_JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 10**6),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["5/s", "app", "client", "2s", "header", "x", "", "/a", "8KiB"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(_FIELDS),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from([*fields_of(RuleFile), "traffic", "nonsense"]),
        _JUNK,
    )
)
def test_no_shape_makes_the_check_raise(content: dict[str, object]) -> None:
    # JSON is YAML.
    checked = check(json.dumps(content, indent=1), "a.yaml")
    assert checked.file is not None or checked.diagnostics


def test_all_errors_come_in_one_run_in_the_order_of_the_file() -> None:
    checked = check((ROOT / "tests/rules/many-at-once.bad.yaml").read_bytes(), "a.yaml")
    places = [(one.line, one.column) for one in checked.diagnostics]
    assert places == sorted(places)
    assert len(places) == 7


def test_warnings_are_given_for_files_without_errors_only() -> None:
    warned = (ROOT / "tests/rules/upstream-unused.bad.yaml").read_text(encoding="utf-8")
    assert [one.code for one in check(warned, "a").diagnostics] == ["unused"]
    assert [one.code for one in check(warned + "nonsense: 1\n", "a").diagnostics] == [
        "unknown-field"
    ]
