from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.data_path import BrokenPathError, DataPath
from benchmarks.micro import CASES, FORWARDED, REFUSED, answer, request, rule_text
from benchmarks.proof import DENIED_ADDRESS

GOVERNED = CASES[0]
ANSWER = answer(b"ok")


@pytest.fixture
def path() -> Iterator[DataPath]:
    with DataPath(rule_text(GOVERNED), records=100) as path:
        yield path


def test_a_request_goes_all_the_way_and_back(path: DataPath) -> None:
    path.open(request(), ANSWER)

    path.pass_one(request(tenant="another"), ANSWER)

    sent = path.sent_upstream
    assert sent.startswith(b"GET /api/small HTTP/1.1\r\n")
    assert b"X-Tenant: another\r\n" in sent
    assert b"\r\ntraceparent: 00-" in sent.lower()
    path.expect(FORWARDED)


def test_every_request_leaves_one_record(path: DataPath) -> None:
    path.open(request(), ANSWER)
    for _ in range(5):
        path.pass_one(request(), ANSWER)

    assert path.carry_records() == 6
    assert path.carry_records() == 0


def test_bodies_pass_too(path: DataPath) -> None:
    body = b"x" * 4096
    path.open(request(body=body), ANSWER)

    path.pass_one(request(body=body), ANSWER)

    assert path.sent_upstream.endswith(body)
    path.expect(FORWARDED)


def test_connections_outlive_their_idle_time_while_they_are_used(path: DataPath) -> None:
    path.open(request(), ANSWER)
    path.sweep()

    path.pass_one(request(), ANSWER)

    path.expect(FORWARDED)


def test_a_denied_client_is_refused() -> None:
    with DataPath(rule_text(GOVERNED), records=100, client=DENIED_ADDRESS) as path:
        path.refuse_one(request())

        path.expect(REFUSED)


def test_a_path_that_answers_otherwise_is_broken() -> None:
    with (
        DataPath(rule_text(GOVERNED), records=100, client=DENIED_ADDRESS) as path,
        pytest.raises(BrokenPathError, match=r"nothing was sent upstream.* 403 "),
    ):
        path.open(request(), ANSWER)


def test_rules_with_errors_are_no_path() -> None:
    with pytest.raises(BrokenPathError, match="burts"):
        DataPath(rule_text(GOVERNED).replace("burst:", "burts:"), records=100)
