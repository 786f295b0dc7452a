from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from demo_services.shop.report.page import page
from tests.demo_services.shop.stories import story

FILES = {"order.rules.yaml": "format: sidecar/v1  # <&>\n"}


class Text(HTMLParser):
    """What one reads, and whether every element that is opened is closed."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def _read(*, governed: bool = True, kept: bool = True) -> str:
    text = Text(page(story(governed=governed, kept=kept), ["three services"], FILES))
    assert text.open == []
    return "\n".join(text.words)


def test_everything_that_was_promised_is_told() -> None:
    words = _read()
    for told in ("3 of 3 promises kept", "<b>all</b> is well", "3 & 4", "the sale opens",
                 "HTTP/1.1 429 <Too Many Requests>", "knob <turned>", "three services",
                 "format: sidecar/v1  # <&>"):  # fmt: skip
        assert told in words
    assert "FAIL" not in words


def test_a_broken_promise_shows() -> None:
    words = _read(kept=False)
    assert "2 of 3 promises kept" in words
    assert words.count("FAIL") == 3  # the run, the act, the promise


def test_without_sidecars_nothing_was_promised() -> None:
    words = _read(governed=False)
    assert "A sale at the shop, without sidecars" in words
    assert "PASS" not in words
    assert "FAIL" not in words
    assert "What was promised" not in words


def test_nothing_comes_from_outside() -> None:
    markup = page(story(), [], FILES)
    assert not re.findall(r"(?:src|href|url\(|@import)", markup)
    assert "http" not in markup.replace("HTTP/1.1", "")
    assert "<script" not in markup


@pytest.mark.parametrize("scheme", ["prefers-color-scheme: dark", "color-scheme: light dark"])
def test_it_can_be_read_by_day_and_by_night(scheme: str) -> None:
    assert scheme in page(story(), [], {})
