from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.telemetry.catalogue import ATTRIBUTES, EVENTS, METRICS, REASONS
from sidecar.telemetry.declaration import Attribute, Event, Metric, Reason
from sidecar.telemetry.reference import BEGIN, END, main, reference, renewed

_PAGE = Path(__file__).parents[2] / "docs" / "telemetry.md"


def test_the_page_is_what_the_catalogue_says() -> None:
    page = _PAGE.read_text("utf-8")
    assert renewed(page) == page, "run: python -m sidecar.telemetry.reference docs/telemetry.md"


def test_everything_declared_is_in_the_reference() -> None:
    text = reference()
    all_declared: list[Metric | Attribute | Event | Reason] = [
        *METRICS,
        *ATTRIBUTES,
        *EVENTS,
        *REASONS,
    ]
    for declared in all_declared:
        assert f"| `{declared.name}` |" in text
        assert declared.help in text


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
