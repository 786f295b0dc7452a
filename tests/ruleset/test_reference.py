from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecar.model.spec import Spec
from sidecar.ruleset.check import check
from sidecar.ruleset.diagnostics import CODES
from sidecar.ruleset.planned import is_planned_field, is_planned_word
from sidecar.ruleset.reference import BEGIN, END, main, reference, renewed
from sidecar.ruleset.rendering import Format, render
from sidecar.ruleset.schema import RULE_KINDS, RuleFile, fields_of

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
TEXT = PAGE.read_text(encoding="utf-8")
PAGES = [PAGE, *sorted((PAGE.parent / "rules").glob("*.md"))]
EXAMPLES = [
    example
    for page in PAGES
    for example in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
]
START = {
    "format": "format: sidecar/v1\n",
    "service": "service: shop\n",
    "listeners": "listeners: {inbound: {bind: 127.0.0.1:8080}}\n",
    "upstreams": "upstreams: {app: {url: http://127.0.0.1:9000}}\n",
}


def _complete(example: str) -> str:
    """The example with the sections that every file must have, where it leaves them out."""
    sections = set(re.findall(r"^([a-z_]+):", example, re.MULTILINE))
    return example + "".join(text for name, text in START.items() if name not in sections)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.strip().split("\n")[0][:40])
def test_the_examples_are_right_and_nothing_is_to_be_said_of_them(example: str) -> None:
    checked = check(_complete(example), "rules.md")
    assert checked.diagnostics == ()


def test_the_file_of_the_page_on_adoption_is_right_too() -> None:
    text = (PAGE.parent / "adoption.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert check(example, "adoption.md").diagnostics == ()


def test_the_pages_have_an_example_for_every_section() -> None:
    shown = "".join(EXAMPLES)
    for section in fields_of(RuleFile):
        assert re.search(rf"^{section}:", shown, re.MULTILINE) or section == "telemetry"


def test_the_error_on_the_page_is_the_one_that_is_given() -> None:
    path = PAGE.parents[1] / "tests/rules/limit-misspelled-unit.bad.yaml"
    checked = check(path.read_bytes(), "shop.rules.yaml")
    assert render([checked], Format.TEXT) in TEXT


def test_the_words_that_are_not_supported_yet_are_all_refused_as_such() -> None:
    listed = TEXT.partition("## Not supported yet")[2].partition("## Reference")[0]
    sections = listed.partition("- sections")[2].partition("\n- ")[0]
    for word in re.findall(r"`([a-z_]+)`", sections):
        assert is_planned_field((word,)), word
    upstreams = listed.partition("- in `upstreams`:")[2].partition("- in")[0]
    for word in re.findall(r"`([a-z_]+)`", upstreams):
        balances = is_planned_word(("upstreams", "x", "balance"), word)
        assert balances or is_planned_field(("upstreams", "x", word)), word
    limits = listed.partition("- in `rate_limits`:")[2].partition("- in")[0]
    for word in re.findall(r"`([a-z_]+)`", limits):
        algorithm = is_planned_word(("rate_limits", "algorithm"), word)
        assert algorithm or is_planned_field(("rate_limits", word)), word


def test_the_page_is_what_the_schema_says() -> None:
    assert renewed(TEXT) == TEXT, "run: python -m sidecar.ruleset.reference docs/rules.md"


def test_everything_there_is_stands_in_the_reference() -> None:
    text = reference()
    for code, meaning in CODES.items():
        assert f"| `{code}` | {meaning.sentence} |" in text
    specs: list[type[Spec]] = [RuleFile, *RULE_KINDS.values()]
    for spec in specs:
        for name in fields_of(spec):
            assert f"| `{name}` |" in text
    for heading in (
        "listeners.inbound.tls", "upstreams.NAME.pool", "keys.NAME", "access[].deny",
        "breakers[].half_open.close_when", "fallbacks[].try.body",
    ):  # fmt: skip
        assert f"#### `{heading}`" in text
    assert "None" not in text


def test_no_cell_says_nothing() -> None:
    for row in re.findall(r"^\| `.*\|$", reference(), re.MULTILINE):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert cells[-1].endswith("."), row
        assert len(cells) == 2 or cells[1], row
        # What is written for a field that is left out is in words of the language, not a number.
        assert len(cells) == 2 or not re.fullmatch(r"`[0-9]*\.[0-9]*`", cells[2]), row


def test_what_stands_around_the_generated_part_stays() -> None:
    page = renewed(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert page.startswith("before\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "\nold\n" not in page
    assert renewed(page) == page


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="must have one"):
        renewed(page)


def test_checking_changes_nothing_and_renewing_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    stale = f"{BEGIN}\n{END}\n"
    page.write_text(stale)
    assert main(["--check", str(page)]) == 1
    assert str(page) in capsys.readouterr().err
    assert page.read_text() == stale
    assert main([str(page)]) == 0
    assert main(["--check", str(page)]) == 0
