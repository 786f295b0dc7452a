from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from demo_services.load.report import Second
from demo_services.shop.story.acts.hands import EAGER, Explain, Override
from demo_services.shop.story.asking import Reply
from demo_services.shop.story.operating import Said
from demo_services.shop.story.telling import Instant
from tests.demo_services.shop.reports import part, report, second
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


def _played(folder: Path, *refused: int, since: float = 11.5, status: int = 0) -> list[str]:
    """The promises not kept; one number a second, the first second ends at 10.5."""
    on = stage(folder)
    act = Override()
    for number, count in enumerate(refused):
        client = msgspec.structs.replace(second(1, refused=count).clients[0], client=EAGER)
        told = Second(second=number + 1, clients=(client,))
        on.story.instants.append(Instant(at=10.5 + number, act=act.name, second=told))
    act.said = Said("sidecar override", status, "until 12:00:03")
    act.since = since
    act.refused = act._refused(on)
    act.report = report(part(admitted=100), part(EAGER, admitted=100))
    return [check.promise for check in act.checks(on) if not check.kept]


HOLDS = "the limit holds before, not while it is in shadow, and again when that has ended"


def test_an_override_holds_for_its_time(tmp_path: Path) -> None:
    # From 11.5 to 14.5, or a little earlier: the seconds that end at 12.5 and 13.5 are in it.
    assert _played(tmp_path, 9, 9, 0, 0, 5, 5, 20) == []
    assert _played(tmp_path, 9, 9, 0, 0, 5, 5, 20, status=1) == ["the lever can be pulled"]


@pytest.mark.parametrize(
    "refused",
    [
        (0, 9, 0, 0, 0, 0, 20),
        (9, 9, 0, 1, 0, 0, 20),
        (9, 9, 0, 0, 0, 0, 0),
        (9, 9, 0, 0, 5, 5),
    ],
)
def test_an_override_that_does_not(tmp_path: Path, refused: tuple[int, ...]) -> None:
    assert _played(tmp_path, *refused) == [HOLDS]


def test_an_override_that_came_too_late_to_see_it_end(tmp_path: Path) -> None:
    assert _played(tmp_path, 9, 9, 9, 9, 0, 0, since=13.5) == [HOLDS]
