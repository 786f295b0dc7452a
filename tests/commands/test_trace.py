from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.invoking import invoked
from tests.traces import jaeger_shape
from tests.traces.documents import SHOP, TRACE, span_document, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("COLUMNS", raising=False)
    write(tmp_path, SHOP)
    return str(tmp_path)


# The last begins the ids of two of its spans.
@pytest.mark.parametrize(
    "identity", [TRACE, TRACE.upper(), "4bf92f", "0000000000000011", "000000000000001"]
)
def test_a_trace_is_drawn(identity: str, folder: str) -> None:
    status, output = invoked("trace", identity, "--files", folder)
    assert status == 0
    assert "━━" in output
    assert f"trace {TRACE}\n" in output
    assert "└ inventory GET stock" in output
    assert "\x1b" not in output


def test_plainly(folder: str) -> None:
    status, output = invoked("trace", TRACE, "--files", folder, "--plain")
    assert status == 0
    assert output.isascii()


def test_as_wide_as_is_asked(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(map(len, invoked("trace", TRACE, "--files", folder)[1].splitlines())) > 100
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, invoked("trace", TRACE, "--files", folder)[1].splitlines())) <= 60


def test_as_json_in_the_order_of_the_picture(folder: str) -> None:
    told = json.loads(invoked("trace", TRACE, "--files", folder, "--format", "json")[1])
    assert told["trace_id"] == TRACE
    assert [one["depth"] for one in told["spans"]] == [0, 1, 2, 3, 4, 5, 5, 6]
    assert told["spans"][0]["attributes"]["http.response.status_code"] == 503


def test_as_a_file_that_grafana_imports(folder: str) -> None:
    [trace] = jaeger_shape.traces(
        invoked("trace", TRACE, "--files", folder, "--format", "jaeger")[1]
    )
    assert len(trace.spans) == 8


@pytest.mark.parametrize(
    "identity, status, words",
    [
        ("f" * 32, 1, f"sidecar: no trace {'f' * 32} is in the files below "),
        ("fffffff", 1, "sidecar: no trace fffffff is in the files"),
        ("abc", 2, "sidecar: 'abc' is too short: write 6 digits of it at least\n"),
        ("GET /orders", 2, "sidecar: 'GET /orders' is no id: write hexadecimal digits\n"),
        ("a" * 33, 2, "is too long: an id has 32 digits at most"),
    ],
)
def test_what_is_not_there_is_told(identity: str, status: int, words: str, folder: str) -> None:
    assert invoked("trace", identity, "--files", folder)[0] == status
    assert words in invoked("trace", identity, "--files", folder)[1]


def test_an_id_that_may_be_one_of_several(folder: str) -> None:
    write(Path(folder), [span_document("web", "GET", "a" * 16, trace_id="4bf92f" + "0" * 26)])
    status, output = invoked("trace", "4bf92f", "--files", folder)
    assert status == 2
    assert output.startswith("sidecar: 4bf92f may be one of several: write more of it\n")
    assert {line.strip() for line in output.splitlines()[1:]} == {TRACE, "4bf92f" + "0" * 26}


def test_the_id_of_a_trace_of_half_the_digits(folder: str) -> None:
    half = "ab" * 8
    write(Path(folder), [span_document("web", "GET", "c" * 16, trace_id=half.rjust(32, "0"))])
    assert invoked("trace", half, "--files", folder)[0] == 0


def test_a_place_that_is_none(folder: str) -> None:
    assert invoked("trace", TRACE, "--files", f"{folder}/nothing") == (
        2, f"sidecar: {folder}/nothing is no folder\n",
    )  # fmt: skip
    url = "http://127.0.0.1:1"
    assert invoked("trace", TRACE, "--files", folder, "--elasticsearch", url)[0] == 2
    status, output = invoked("trace", TRACE, "--elasticsearch", url)
    assert status == 1
    assert output.startswith(f"sidecar: Elasticsearch at {url} cannot be reached: ")
