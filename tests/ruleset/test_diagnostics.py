from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecar.ruleset.diagnostics import (
    CODES,
    Diagnostic,
    Severity,
    Span,
    finding,
    has_errors,
    in_order,
)

ROOT = Path(__file__).parents[2]


def test_a_finding_has_its_place_and_the_severity_of_its_code() -> None:
    found = finding("bad-rate", "no", "a.yaml", Span(3, 7, 5), "write 5/s")
    assert found == Diagnostic("bad-rate", "no", "a.yaml", 3, 7, 5, "write 5/s")
    assert found.severity is Severity.ERROR
    assert finding("unused", "no", "a.yaml", Span(1, 1)).severity is Severity.WARNING


def test_findings_stand_in_the_order_of_the_file_and_only_once() -> None:
    last = finding("unused", "x", "a", Span(9, 1))
    second = finding("unused", "x", "a", Span(2, 8))
    first = finding("unused", "x", "a", Span(2, 3))
    assert in_order([last, second, first, second]) == (first, second, last)


def test_warnings_alone_are_no_errors() -> None:
    warning = finding("unused", "x", "a", Span(1, 1))
    assert not has_errors([])
    assert not has_errors([warning])
    assert has_errors([warning, finding("bad-rate", "x", "a", Span(1, 1))])


@pytest.mark.parametrize("code", CODES)
def test_codes_are_words_with_a_sentence_each(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert CODES[code].sentence.endswith(".")


def _codes_in_use() -> set[str]:
    """Whatever is handed to one of the functions that make a finding."""
    made = (
        r"""(?:unreadable|finding|_refused|_Problem|_stop|_report|_named|_unix)\(\s*"([a-z-]+)\""""
    )
    placed = r"""(?:place\.(?:value|name))\(\s*"([a-z-]+)\""""
    composed = r"""f"(unknown-)\{word\}\""""
    used: set[str] = set()
    for module in (ROOT / "sidecar").rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        used.update(re.findall(made, text), re.findall(placed, text))
        if re.search(composed, text):
            used |= {"unknown-upstream", "unknown-key", "unknown-route"}
        used.update(code for code in re.findall(r'"([a-z]+-[a-z-]+)"', text) if code in CODES)
    return used


def test_every_code_that_is_used_is_in_the_table_and_the_other_way_round() -> None:
    assert _codes_in_use() == set(CODES)
