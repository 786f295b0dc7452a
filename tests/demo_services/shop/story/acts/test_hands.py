from __future__ import annotations

from pathlib import Path

import pytest

from demo_services.shop.story.acts.hands import EAGER, Explain, Override
from demo_services.shop.story.asking import Reply
from demo_services.shop.story.operating import Said
from tests.demo_services.shop.reports import part, report
from tests.demo_services.shop.stages import stage

REFUSED = Reply(
    429, {"retry-after": "1", "x-sidecar-decision": "00f067aa0ba902b7"}, b'{"detail": "slowly"}'
)
#: Where `each-user` stands in the committed file is looked up; here it may be anywhere.
EXPLAINED = "each-user refuses: 0 of 10 left ... storefront.rules.yaml:{line}"


def _explain(folder: Path, reply: Reply | None, text: str, status: int = 0) -> list[str]:
    on = stage(folder)
    line = on.shop.rules.line_of("storefront", "name: each-user")
    act = Explain()
    act.reply = reply
    act.said = None
    if reply is not None:
        act.said = Said("sidecar explain", status, text.format(line=line))
    return [check.promise for check in act.checks(on) if not check.kept]


def test_a_refusal_can_be_explained(tmp_path: Path) -> None:
    assert _explain(tmp_path, REFUSED, EXPLAINED) == []


@pytest.mark.parametrize(
    "text,status", [("", 0), (EXPLAINED, 1), ("each-user, somewhere", 0), ("line {line}", 0)]
)
def test_an_explanation_has_the_rule_and_its_line(tmp_path: Path, text: str, status: int) -> None:
    assert _explain(tmp_path, REFUSED, text, status) == [
        "the operator is told the rule, its numbers and its line"
    ]


def test_a_refusal_keeps_the_rule_to_itself_and_has_an_id(tmp_path: Path) -> None:
    loud = Reply(429, REFUSED.fields, b"each-user says no")
    assert _explain(tmp_path, loud, EXPLAINED) == [
        "the client is not told which rule it has to get around"
    ]
    bare = Reply(429, {"retry-after": "1"}, b"")
    assert _explain(tmp_path, bare, EXPLAINED) == ["the refusal says when to come back, and an id"]
    assert len(_explain(tmp_path, None, "")) == 3


def _override(folder: Path, before: int, lifted: int, after: int, status: int = 0) -> list[str]:
    act = Override()
    act.said = Said("sidecar override", status, "until 12:00:03")
    counts = {"before": before, "taking": 3, "lifted": lifted, "ending": 3, "after": after}
    eager = [part(EAGER, phase, admitted=9, refused=refused) for phase, refused in counts.items()]
    act.report = report(part(admitted=100), *eager)
    return [check.promise for check in act.checks(stage(folder)) if not check.kept]


def test_an_override_holds_for_its_time(tmp_path: Path) -> None:
    assert _override(tmp_path, 9, 0, 20) == []
    assert _override(tmp_path, 9, 0, 20, status=1) == ["the lever can be pulled"]
    holds = "the limit holds before, not while it is in shadow, and again when that has ended"
    for counts in ((0, 0, 20), (9, 1, 20), (9, 0, 0)):
        assert _override(tmp_path, *counts) == [holds]
