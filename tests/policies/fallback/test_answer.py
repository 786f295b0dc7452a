from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.http import RequestHead
from sidecar.policies.fallback import Answer, FallbackStepSpec, is_place
from tests.policies.building import World, header_key


def answer(world: World | None = None, **step: Any) -> Answer:
    spec = FallbackStepSpec.model_validate({"serve": "template", **step})
    return Answer(spec, "stock", (world or World()).context(header_key("user")))


def request(path: bytes = b"/a", query: bytes = b"", user: bytes = b"ann") -> RequestHead:
    head = RequestHead("GET", path, 1)
    head.path, head.query, head.fields = path, query, {b"x-user": user}
    return head


@pytest.mark.parametrize(
    "step, kind",
    [
        ({"body": {"json": {}}}, b"application/json"),
        ({"body": {"text": "busy"}}, b"text/plain; charset=utf-8"),
        ({"body": {"file": "busy.HTML"}}, b"text/html; charset=utf-8"),
        ({"body": {"file": "dir.d/busy"}}, b"application/octet-stream"),
        ({"body": {"text": "a"}, "headers": {"Content-Type": "text/csv"}}, b"text/csv"),
        ({}, None),
    ],
)
def test_the_type_of_the_body(step: dict[str, Any], kind: bytes | None) -> None:
    world = World(texts={"busy.HTML": b"<p>", "dir.d/busy": b"\xff"})
    assert dict(answer(world, serve="static", **step).headers).get(b"content-type") == kind


def test_what_is_said_besides() -> None:
    fields = dict(answer(headers={"X-Degraded": "mine", "cache-control": "max-age=5"}).headers)
    assert fields == {
        b"x-degraded": b"mine",
        b"cache-control": b"max-age=5",
        b"x-content-type-options": b"nosniff",
    }


def test_bytes_of_a_file_are_sent_as_they_are() -> None:
    every = bytes(range(256))
    world = World(texts={"a.bin": every + b"{path}"})
    static = answer(world, serve="static", body={"file": "a.bin"})
    assert static.body(request(), "why") == every + b"{path}"
    assert answer(world, body={"file": "a.bin"}).body(request(), "why") == every + b"/a"


@given(value=st.binary(max_size=40))
def test_json_stays_json_whatever_is_filled_in(value: bytes) -> None:
    body = {"json": {"user": "{key.user}", "q": "{query.x}", "path": "{path}", "why": "{reason}"}}
    made = answer(body=body)
    asked = request(b"/" + value, b"x=" + value, value)
    told = json.loads(made.body(asked, "upstream_5xx"))
    assert told["user"] == value.decode("utf-8", "replace")
    assert set(told) == {"user", "q", "path", "why"}
    assert made.is_sound(asked)


def test_html_is_escaped() -> None:
    made = answer(body={"text": "<b>{path}</b>"}, headers={"content-type": "text/html"})
    assert made.body(request(b"/<script>\"'&"), "") == b"<b>/&lt;script&gt;&quot;&#x27;&amp;</b>"


def test_words_of_a_file_that_are_no_places_stay() -> None:
    world = World(texts={"a.txt": b"{path} {pth} {key.nobody} {query.a}"})
    made = answer(world, body={"file": "a.txt"})
    assert made.body(request(query=b"a=1"), "") == b"/a {pth} {key.nobody} 1"


def test_a_file_that_is_no_json_is_not_sound() -> None:
    world = World(texts={"a.json": b"{no json"})
    assert not answer(world, serve="static", body={"file": "a.json"}).is_sound(request())


@pytest.mark.parametrize(
    "name, place",
    [
        ("path", True), ("reason", True), ("query.a", True), ("key.user", True),
        ("query", False), ("key", False), ("path.a", False), ("user", False), ("keys.a", False),
    ],
)  # fmt: skip
def test_the_names_of_places(name: str, *, place: bool) -> None:
    assert is_place(name) is place
