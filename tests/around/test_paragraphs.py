"""What belongs together is told as one, and waits for no more than a moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.around.paragraphs import PARAGRAPH_BYTES_AT_MOST, PATIENCE_SECONDS, Paragraphs

_RAISED = """\
ERROR:order:cannot be served
Traceback (most recent call last):
  File "order.py", line 3, in serve
    raise ValueError("no stock")
ValueError: no stock"""
_CHAINED = f"""{_RAISED}

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "order.py", line 9, in answer
    raise KeyError
KeyError"""
_JAVA = """\
java.lang.IllegalStateException: no stock
\tat shop.Order.serve(Order.java:17)
Caused by: java.io.IOException: gone
\tat shop.Stock.read(Stock.java:4)
\t... 2 more"""


def joined(text: str) -> list[str]:
    paragraphs = Paragraphs()
    found = [one for line in text.encode().split(b"\n") for one in paragraphs.feed(line, 0.0)]
    return [one.text.decode() for one in (*found, *paragraphs.flush())]


@pytest.mark.parametrize(
    "text, together",
    [
        ("one\ntwo", ["one", "two"]),
        ("one\n\ntwo\n", ["one", "two"]),
        ("one\n  and more\ntwo", ["one\n  and more", "two"]),
        (_RAISED, [_RAISED]),
        (f"{_RAISED}\nnext", [_RAISED, "next"]),
        (f"{_CHAINED}\nnext", [_CHAINED, "next"]),
        (f"before\n{_JAVA}\nnext", ["before", _JAVA, "next"]),
        ('{"a": 1}\n{"b": 2}', ['{"a": 1}', '{"b": 2}']),
        (f'{{"a": 1}}\n{_RAISED}\n{{"b": 2}}', ['{"a": 1}', _RAISED, '{"b": 2}']),
        ('{\n  "a": {\n  }\n}\nnext', ['{\n  "a": {\n  }\n}', "next"]),
        ("  indented first\nnext", ["  indented first", "next"]),
    ],
)
def test_what_belongs_together(text: str, together: list[str]) -> None:
    assert joined(text) == together


def test_json_waits_for_nobody_and_text_only_for_a_moment() -> None:
    paragraphs = Paragraphs()
    assert [one.text for one in paragraphs.feed(b'{"a": 1}', 5.0)] == [b'{"a": 1}']
    assert paragraphs.feed(b"text", 5.0) == []
    assert paragraphs.feed(b" more", 6.0) == []
    assert paragraphs.waits_until == 6.0 + PATIENCE_SECONDS
    assert paragraphs.flush() == [(5.0, b"text\n more")]
    assert paragraphs.flush() == []


def test_it_stays_bounded() -> None:
    paragraphs = Paragraphs()
    paragraphs.feed(b"begin", 0.0)
    for _ in range(10_000):
        assert paragraphs.feed(b" " + b"x" * 1000, 0.0) == []
    (told,) = paragraphs.flush()
    assert len(told.text) <= PARAGRAPH_BYTES_AT_MOST + 100_000


@given(
    st.lists(
        st.sampled_from(
            (b"", b"a", b" b", b"{", b"}", b"{}", b"Traceback (most recent call last):")
        )
    )
)
def test_every_line_with_something_in_it_is_told_once_in_its_order(lines: list[bytes]) -> None:
    paragraphs = Paragraphs()
    found = [one for line in lines for one in paragraphs.feed(line, 0.0)] + paragraphs.flush()
    told = [line for one in found for line in one.text.split(b"\n") if line.strip()]
    assert told == [line for line in lines if line.strip()]
