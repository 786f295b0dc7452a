"""The runbook: a heading for every alert, about dashboards and commands that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from sidecar.alerting.kinds import KINDS
from sidecar.alerting.links import anchor
from sidecar.alerting.panels import PANELS
from sidecar.cli import app
from tests.dashboards.generated import BOARDS, board, panels

PAGE = (Path(__file__).parents[1] / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
NAMES = sorted({kind.alert for kind in KINDS.values()})
COMMANDS = sorted(set(re.findall(r"`(sidecar [^`]+)`|^ +(sidecar [^#\n]+)", PAGE, re.MULTILINE)))


def words(text: str) -> str:
    """Without the ends of lines, which may stand in the middle of a title."""
    return " ".join(text.split())


def test_every_alert_has_its_heading_and_every_heading_its_alert() -> None:
    assert sorted(SECTIONS) == NAMES


def test_the_table_leads_to_every_heading() -> None:
    listed = re.findall(r"\[(\w+)\]\(#(\w+)\)", PAGE.partition("## ")[0])
    assert sorted(name for name, _ in listed) == NAMES
    for name, place in re.findall(r"\[(\w+)\]\(#([\w-]+)\)", PAGE):
        assert place == anchor(name)
        assert name in SECTIONS


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_to_look_at_what_to_do_and_when_it_ends(name: str) -> None:
    section = SECTIONS[name]
    for part in ("**Look**", "**Do**", "**Ends**"):
        assert section.count(f"- {part}") == 1, part
    assert len(section.partition("- **Look**")[0].strip()) > 20, "what does it mean for users?"


@pytest.mark.parametrize("name", NAMES)
def test_the_panel_that_the_alert_leads_to_is_named(name: str) -> None:
    titles = {panel["title"] for whole in map(board, BOARDS) for panel in panels(whole)}
    rows = {"Overload", "Concurrency", "Upstreams"}
    section = words(SECTIONS[name])
    named = set(re.findall(r"\*([A-Z][^*]+)\*(?!\*)", section.replace("**", "")))
    boards = {whole["title"].removeprefix("Sidecar: ").capitalize() for whole in map(board, BOARDS)}
    assert named - titles - rows - boards == set()
    shown = PANELS[name].title
    assert shown in named or name == "SidecarShedding", f"{shown} is where the alert leads"


@pytest.mark.parametrize("command", sorted({(one or other).strip() for one, other in COMMANDS}))
def test_every_command_is_one(command: str) -> None:
    _, name, *rest = shlex.split(command)
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    found = root.commands[name]
    assert isinstance(found, TyperCommand)
    known = {one for parameter in found.params for one in parameter.opts}
    assert {word for word in rest if word.startswith("-")} <= known
