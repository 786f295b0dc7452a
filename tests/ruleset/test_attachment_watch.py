"""Files of the rules that change while they are in force."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sidecar.model.files import Form
from sidecar.ruleset.attachment_watch import AttachmentWatch
from sidecar.ruleset.attachments import Attachments, Use, load
from sidecar.ruleset.folder import Folder
from sidecar.state.list_file import ListFile

LIST: Use = ("list.txt", Form.VALUES)
BODY: Use = ("body.txt", Form.CONTENT)


class Place:
    """A folder with a list and a body in force, and what a watch tells of them."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.write("list.txt", "ann\n")
        self.write("body.txt", "sorry")
        self.folder = Folder(base)
        self.attached = self.read()
        self.told: list[str] = []
        self.something = asyncio.Event()
        self.watch = AttachmentWatch(self.folder, lambda: self.attached, self, self.all_again)

    def read(self) -> Attachments:
        stamps = {use: load(self.folder, use).stamp for use in (LIST, BODY)}
        return Attachments({"body.txt": b"sorry"}, {"list.txt": ListFile([b"ann"])}, stamps=stamps)

    def write(self, name: str, text: str) -> None:
        fresh = self.base / "fresh"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.base / name)

    def file_changed(self, use: Use) -> None:
        self.told.append(f"changed {use[0]}")
        self.something.set()

    def file_failed(self, use: Use, why: str) -> None:
        self.told.append(f"failed {use[0]}: {why}")

    async def all_again(self) -> None:
        self.told.append("all again")

    def looks(self, times: int) -> list[str]:
        """What is told in so many looks."""

        async def look() -> None:
            for _ in range(times):
                await self.watch.look()

        asyncio.run(look())
        told, self.told = self.told, []
        return told

    def has(self, value: bytes) -> bool:
        return self.attached.lists["list.txt"].contains(value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_nothing_is_told_of_what_stays_as_it_is(place: Place) -> None:
    assert place.looks(3) == []
    place.attached = Attachments()
    assert place.looks(1) == []


def test_a_changed_list_goes_into_force_once_it_is_still(place: Place) -> None:
    place.write("list.txt", "eve\n")
    assert place.looks(1) == []
    assert place.has(b"ann")
    assert place.looks(1) == ["changed list.txt"]
    assert place.has(b"eve")
    assert not place.has(b"ann")
    assert place.looks(3) == []


def test_a_list_that_is_written_all_the_time_is_read_at_some_time(place: Place) -> None:
    told: list[str] = []
    for number in range(5):
        place.write("list.txt", "eve\n" * (number + 2))
        told += place.looks(1)
    assert told == ["changed list.txt"]


def test_a_bad_list_is_told_once_and_the_entries_stay(place: Place) -> None:
    place.write("list.txt", "eve\nmal*\n")
    (told,) = place.looks(5)
    assert told.startswith("failed list.txt: list.txt:2:4: a star")
    assert place.has(b"ann")
    place.write("list.txt", "eve\n")
    assert place.looks(2) == ["changed list.txt"]
    assert place.has(b"eve")


def test_a_list_that_is_gone_is_told_and_so_is_its_return(place: Place) -> None:
    away = place.base / "away"
    (place.base / "list.txt").rename(away)
    (told,) = place.looks(5)
    assert "cannot be read" in told
    assert place.has(b"ann")
    away.rename(place.base / "list.txt")
    assert place.looks(3) == ["changed list.txt"]


def test_what_rules_are_compiled_with_has_them_all_read_again(place: Place) -> None:
    place.write("body.txt", "so sorry")
    assert place.looks(5) == ["all again"]


def test_other_rules_meanwhile_have_read_their_files_themselves(place: Place) -> None:
    place.write("list.txt", "eve\n")
    assert place.looks(1) == []

    def current() -> Attachments:
        # Looked at once before the thread, and once after it.
        now, place.attached = place.attached, place.read()
        return now

    place.watch._current = current
    assert place.looks(1) == []


def test_a_mistake_of_ours_is_told_and_ends_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("sidecar.ruleset.attachment_watch.load", broken)
    place.write("list.txt", "eve\n")
    assert place.looks(2) == ["failed list.txt: list.txt: ZeroDivisionError: oh"]


def test_it_looks_by_itself_until_it_is_stopped(place: Place) -> None:
    place.write("list.txt", "eve\n")

    async def watch() -> None:
        place.watch.start(asyncio.get_running_loop())
        await asyncio.wait_for(place.something.wait(), 10)
        await place.watch.stop()

    asyncio.run(watch())
    assert place.told == ["changed list.txt"]
