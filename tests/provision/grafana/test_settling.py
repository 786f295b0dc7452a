"""One thing is looked at, compared, and written only where it differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sidecar.model.secret import SecretText
from sidecar.provision.difference import Changed
from sidecar.provision.grafana.server import Passing, Unwelcome
from sidecar.provision.grafana.settling import NOT_OURS, WAITS, Settling
from sidecar.provision.grafana.wanted import Found, Wanted
from sidecar.provision.step import Refused, Step, What

_WANTED = Wanted("x", {"title": "X"}, "thing x")
_BUSY = Passing("503 busy")
_SILENT = Passing("no answer", silent=True)


class _Shelf:
    """Holds one thing, and says no as often as a test wants it."""

    def __init__(self, there: Found | None = None) -> None:
        self.there = there
        self.writes: list[str] = []
        #: What is raised, one after another; None for once not.
        self.before_looking: list[Refused | None] = []
        self.before_writing: list[Refused | None] = []
        self.after_writing: list[Refused | None] = []

    def find(self, _wanted: Wanted) -> Found | None:
        _raise(self.before_looking)
        return self.there

    def create(self, wanted: Wanted) -> None:
        self._write("create", wanted)

    def change(self, wanted: Wanted, _found: Found) -> None:
        self._write("change", wanted)

    def ours(self) -> dict[str, str]:
        return {}

    def delete(self, key: str) -> None:
        _raise(self.before_writing)
        self.writes.append(f"delete {key}")
        self.there = None

    def _write(self, what: str, wanted: Wanted) -> None:
        _raise(self.before_writing)
        self.writes.append(what)
        self.there = Found(wanted.body, ours=True, secrets=frozenset(wanted.secrets))
        _raise(self.after_writing)


def _raise(one_after_another: list[Refused | None]) -> None:
    error = one_after_another.pop(0) if one_after_another else None
    if error is not None:
        raise error


def _run(wait: Callable[[float], None] = lambda _seconds: None, **options: Any) -> Settling:
    return Settling(**{"dry_run": False, **options}, wait=wait)


def test_what_is_not_there_is_created_once() -> None:
    shelf, run = _Shelf(), _run()

    assert run.settle(shelf, _WANTED) == Step(
        What.CREATED, "thing x", changed=(Changed("title", "", "X"),)
    )
    assert run.settle(shelf, _WANTED) == Step(What.UNCHANGED, "thing x")
    assert shelf.writes == ["create"]


def test_what_differs_is_changed() -> None:
    shelf = _Shelf(Found({"title": "Y"}, ours=True))

    assert _run().settle(shelf, _WANTED) == Step(
        What.CHANGED, "thing x", changed=(Changed("title", "Y", "X"),)
    )
    assert shelf.writes == ["change"]


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    for there in (None, Found({"title": "Y"}, ours=True)):
        shelf = _Shelf(there)
        said = _run(dry_run=True).settle(shelf, _WANTED)
        assert shelf.writes == []
        assert said == _run().settle(shelf, _WANTED)


def test_what_is_not_ours_is_left_alone_same_or_not() -> None:
    for title in ("X", "Y"):
        shelf = _Shelf(Found({"title": title}, ours=False))
        assert _run().settle(shelf, _WANTED) == Step(What.REFUSED, "thing x", NOT_OURS)
        assert shelf.writes == []


def test_what_is_locked_is_refused_when_it_differs() -> None:
    assert _run().settle(_Shelf(Found({"title": "X"}, True, "a file")), _WANTED).what is (
        What.UNCHANGED
    )
    shelf = _Shelf(Found({"title": "Y"}, True, "a file"))
    assert _run().settle(shelf, _WANTED) == Step(
        What.REFUSED, "thing x", "a file", (Changed("title", "Y", "X"),)
    )
    assert shelf.writes == []


def test_what_needs_something_that_failed_is_not_tried() -> None:
    run = _run()
    run.settle(_Shelf(Found({}, ours=False)), _WANTED)
    shelf = _Shelf()
    other = Wanted("y", {}, "thing y", ("thing x",))

    assert run.settle(shelf, other) == Step(
        What.REFUSED, "thing y", "not done, for it needs: thing x"
    )
    third = run.settle(shelf, Wanted("z", {"a": 1}, "thing z", ("thing y",)))
    assert third.what is What.REFUSED
    assert shelf.writes == []


def test_what_passes_is_tried_again_after_a_while() -> None:
    waited: list[float] = []
    shelf = _Shelf()
    shelf.before_looking = [_BUSY]
    shelf.before_writing = [_BUSY]

    assert _run(waited.append).settle(shelf, _WANTED).what is What.CREATED
    assert waited == list(WAITS)
    assert shelf.writes == ["create"]


def test_what_was_written_though_its_answer_was_lost_is_not_written_again() -> None:
    shelf = _Shelf()
    shelf.after_writing = [_SILENT]

    assert _run().settle(shelf, _WANTED).what is What.CREATED
    assert shelf.writes == ["create"]


def test_what_does_not_pass_is_refused_and_the_next_is_tried() -> None:
    shelf, run = _Shelf(), _run()
    shelf.before_writing = [_BUSY] * 3

    assert run.settle(shelf, _WANTED) == Step(What.REFUSED, "thing x", "503 busy")
    assert run.settle(_Shelf(), Wanted("y", {"a": 1}, "thing y")).what is What.CREATED


@pytest.mark.parametrize(
    "errors, words",
    [
        ([_SILENT] * 3, "not asked any more: Grafana does not answer"),
        ([Unwelcome("401")], "not asked any more: Grafana does not know who asks"),
    ],
)
def test_where_nobody_answers_nothing_more_is_asked(
    errors: list[Refused | None], words: str
) -> None:
    shelf, run, other = _Shelf(), _run(), _Shelf()
    shelf.before_looking = errors

    assert run.settle(shelf, _WANTED).what is What.REFUSED
    assert run.settle(other, _WANTED) == Step(What.REFUSED, "thing x", words)
    assert other.writes == []


@pytest.mark.parametrize("errors", [[_SILENT] * 3, [Unwelcome("401")]])
def test_nor_where_nobody_answered_what_is_there(errors: list[Refused | None]) -> None:
    shelf, run = _Shelf(), _run()
    shelf.before_looking = errors
    with pytest.raises(Refused):
        run.read(lambda: shelf.find(_WANTED))

    assert run.settle(shelf, _WANTED).words.startswith("not asked any more")
    assert shelf.writes == []


def test_secrets_are_written_when_there_are_none_or_when_that_is_asked_for() -> None:
    wanted = Wanted("x", {"title": "X"}, "thing x", secrets={"word": SecretText("canary")})
    without = Found({"title": "X"}, ours=True)
    there = Found({"title": "X"}, ours=True, secrets=frozenset({"word"}))

    assert _run().settle(_Shelf(without), wanted).changed == (
        Changed("secret word", "", "the one given"),
    )
    assert _run().settle(_Shelf(there), wanted).what is What.UNCHANGED
    renewed = _run(renew_secrets=True).settle(_Shelf(there), wanted)
    assert renewed.changed == (Changed("secret word", "one", "the one given"),)
    assert "canary" not in repr(renewed)


def test_what_is_wanted_no_more_is_taken_away() -> None:
    shelf, dry = _Shelf(Found({}, ours=True)), _Shelf()

    assert _run().remove(shelf, "x", "thing x") == Step(What.DELETED, "thing x", "wanted no more")
    assert shelf.writes == ["delete x"]
    assert _run(dry_run=True).remove(dry, "x", "thing x").what is What.DELETED
    assert dry.writes == []


def test_looking_is_tried_again_too() -> None:
    shelf, run = _Shelf(), _run()
    shelf.before_looking = [_BUSY, _BUSY]
    assert run.read(lambda: shelf.find(_WANTED)) is None
    shelf.before_looking = [_BUSY] * 3
    with pytest.raises(Passing):
        run.read(lambda: shelf.find(_WANTED))
    shelf.before_looking = [Unwelcome("401")]
    assert run.settle(shelf, _WANTED).what is What.REFUSED
    with pytest.raises(Refused, match="not asked any more"):
        run.read(lambda: shelf.find(_WANTED))


@pytest.mark.parametrize(
    "before, after, shown",
    [
        ("", "https://h/canary", ("", "https://h/…")),
        ("https://h/canary", "https://h/canary2", ("https://h/…", "another at https://h/…")),
        ("https://u:canary@h?canary", "http://i", ("https://h/…", "http://i/…")),
        ("canary", "https://h", ("…", "https://h/…")),
    ],
)
def test_of_an_address_that_may_be_a_secret_only_the_host_is_shown(
    before: str, after: str, shown: tuple[str, str]
) -> None:
    shelf = _Shelf(Found({"url": before}, ours=True))
    step = _run().settle(shelf, Wanted("x", {"url": after}, "thing x", hidden=("url",)))

    assert step.changed == (Changed("url", *shown),)
