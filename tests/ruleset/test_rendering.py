from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.diagnostics import Span, finding
from sidecar.ruleset.folder import Folder
from sidecar.ruleset.rendering import Format, render, render_one

BAD = """\
format: sidecar/v1
service: shop
listeners: {inbound: {bind: 0.0.0.0:80}}
upstreams: {app: {url: http://a:1}}
rate_limits:
  - {name: one, limit: 5/sek}
"""
WARNED = BAD.replace("5/sek", "5/s")


def _checked(text: str, name: str = "a.yaml") -> list[Checked]:
    return [check(text, name)]


def test_text_shows_the_line_with_a_caret_and_what_to_write() -> None:
    assert render(_checked(BAD), Format.TEXT) == (
        "a.yaml:6:24: error bad-rate: '5/sek' is not a rate\n"
        "    6 |   - {name: one, limit: 5/sek}\n"
        "      |                        ^^^^^ write a rate as NUMBER/UNIT, such as 5/s, 1/10s or "
        "600/m; did you mean 5/s?\n"
    )


def test_nothing_wrong_is_nothing_to_read() -> None:
    good = WARNED.replace("0.0.0.0", "127.0.0.1")
    assert render(_checked(good), Format.TEXT) == ""
    assert render(_checked(good), Format.GITHUB) == ""


def test_colour_is_only_there_when_asked_for() -> None:
    plain = render(_checked(BAD), Format.TEXT)
    coloured = render(_checked(BAD), Format.TEXT, colour=True)
    assert "\x1b" not in plain
    assert "\x1b[31merror bad-rate\x1b[0m" in coloured
    assert "\x1b[33mwarning" in render(_checked(WARNED), Format.TEXT, colour=True)


@pytest.mark.parametrize(
    "line, column, caret",
    [
        ("abc", 2, "      |  ^^"),
        ("\tabc", 2, "      | \t^^"),
        ("日本 x", 4, "      |      ^^"),
        ("e\u0301x", 3, "      |  ^^"),
    ],
)
def test_the_caret_stands_below_what_is_meant(line: str, column: int, caret: str) -> None:
    found = finding("bad-rate", "no", "a", Span(1, column, 2))
    shown, below = render_one(found, [line]).split("\n")[1:3]
    assert shown == f"    1 | {line}"
    assert below == caret


def test_control_characters_never_reach_the_terminal() -> None:
    found = finding("bad-encoding", "\x1b[31m", "a", Span(1, 1), "\x07")
    text = render_one(found, ["\x1b[2Jrm -rf"])
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\ufffd[2Jrm -rf" in text


def test_long_lines_are_cut_around_what_is_meant() -> None:
    line = "x" * 5000 + "HERE" + "y" * 5000
    text = render_one(finding("bad-rate", "no", "a", Span(1, 5001, 4)), [line])
    shown, below = text.split("\n")[1:3]
    assert len(shown) < 130
    at = below.index("^")
    assert shown[at : at + 4] == "HERE"
    assert shown.count("…") == 2


def test_a_caret_is_never_longer_than_its_line() -> None:
    text = render_one(finding("bad-rate", "no", "a", Span(1, 1, 9999)), ["short"])
    assert text.split("\n")[2] == "      | ^^^^^"


def test_a_place_without_a_line_has_its_hint_all_the_same() -> None:
    found = finding("no-file", "cannot be read", "a", Span(1, 1), "try another")
    assert render_one(found, []) == ("a:1:1: error no-file: cannot be read\n      try another\n")


def test_json() -> None:
    document = json.loads(render([*_checked(BAD), *_checked(WARNED, "b.yaml")], Format.JSON))
    assert document["files"] == ["a.yaml", "b.yaml"]
    assert (document["errors"], document["warnings"]) == (1, 1)
    assert document["diagnostics"][0] == {
        "code": "bad-rate",
        "severity": "error",
        "message": "'5/sek' is not a rate",
        "file": "a.yaml",
        "line": 6,
        "column": 24,
        "length": 5,
        "hint": "write a rate as NUMBER/UNIT, such as 5/s, 1/10s or 600/m; did you mean 5/s?",
    }


def test_github() -> None:
    text = render(_checked(BAD, "rules/a,b:c.yaml"), Format.GITHUB)
    assert text == (
        "::error file=rules/a%2Cb%3Ac.yaml,line=6,col=24,endColumn=29,title=bad-rate::'5/sek' is "
        "not a rate; write a rate as NUMBER/UNIT, such as 5/s, 1/10s or 600/m; did you mean 5/s?\n"
    )


def test_github_reads_percent_signs_as_written() -> None:
    text = render(_checked(BAD.replace("5/sek", "'5%\\n'")), Format.GITHUB)
    assert "'5%25" in text
    assert text.count("\n") == 1


def test_sarif() -> None:
    document = json.loads(render(_checked(BAD, "rules/a b.yaml"), Format.SARIF))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "bad-rate"
    (result,) = run["results"]
    assert result["ruleId"] == "bad-rate"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]] == rule
    assert result["level"] == "error"
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "rules/a%20b.yaml"},
                "region": {"startLine": 6, "startColumn": 24, "endColumn": 29},
            }
        }
    ]


def test_every_bad_file_can_be_shown_in_every_form() -> None:
    rules = Path(__file__).parents[1] / "rules"
    folder = Folder(rules)
    paths = sorted(rules.glob("*.bad.yaml"))
    results = [check(path.read_bytes(), path.name, folder) for path in paths]
    for form in Format:
        text = render(results, form)
        for checked in results:
            assert checked.document.name in text, form


SECRETS = """\
format: sidecar/v1
service: shop
listeners: {inbound: {bind: 127.0.0.1:80}}
upstreams: {app: {url: "http://u:hunter2@a:1"}}
telemetry:
  elasticsearch: {url: "http://me:hunter2@a:1", api_key: "hunter2", nonsense: 1}
"""


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("text", [SECRETS, SECRETS.replace("me:hunter2@", "")])
def test_no_secret_that_a_file_should_not_have_goes_to_the_log_of_a_build(
    text: str, form: Format, tmp_path: Path
) -> None:
    told = render([check(text, "a.yaml", Folder(tmp_path))], form)
    assert "nonsense" in told
    assert "hunter2" not in told
    if form is Format.TEXT and "me:" not in text:
        assert 'url: "http://a:1", api_key: *********, nonsense: 1}' in told
