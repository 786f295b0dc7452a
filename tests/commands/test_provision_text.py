from __future__ import annotations

from sidecar.commands.provision_text import step_lines, summary
from sidecar.provision.difference import Changed
from sidecar.provision.step import Step, What

_CHANGED = Step(
    What.CHANGED, "index template x", changed=(Changed("priority", "1", "2"), Changed("a", "", "b"))
)
_CREATED = Step(What.CREATED, "index template y", changed=(Changed("priority", "", "2"),))
_REFUSED = Step(What.REFUSED, "data stream z", "403 no")


def _lines(step: Step) -> list[str]:
    return [line.plain for line in step_lines(step)]


def test_each_step_is_a_line_with_a_sign() -> None:
    assert _lines(_CREATED) == ["  + index template y"]
    assert _lines(_REFUSED) == ["  ! data stream z: 403 no"]
    assert _lines(Step(What.UNCHANGED, "x")) == ["  = x"]
    assert _lines(Step(What.NOTE, "x", "y")) == ["  i x: y"]


def test_what_changes_is_told_value_by_value() -> None:
    assert _lines(_CHANGED) == [
        "  ~ index template x",
        "      priority: 1 → 2",
        "      a: nothing → b",
    ]


def test_all_in_one_sentence() -> None:
    steps = [_CHANGED, _CREATED, _CREATED, _REFUSED, Step(What.NOTE, "x")]

    assert summary(steps, dry_run=False) == "2 created, 1 changed, 1 refused"
    assert (
        summary(steps, dry_run=True) == "2 to create, 1 to change, 1 refused; nothing was changed"
    )
    assert summary([], dry_run=False) == "nothing to do"
