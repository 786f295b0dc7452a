"""Changed rule files: told once each, wherever and however they change."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from watchfiles import awatch

from sidecar.ruleset import reload
from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.diagnostics import Severity
from sidecar.ruleset.document import FILE_BYTES_AT_MOST
from sidecar.ruleset.folder import Folder
from sidecar.ruleset.reload import Watcher, read_rules
from tests.ruleset.compiled import checked, rule_file

#: Longer than anything here takes; what is waited for is an event.
PATIENCE_SECONDS = 10.0

GOOD = rule_file("timeouts: {request: 1s}\n")
NEXT = rule_file("timeouts: {request: 2s}\n")
BROKEN = rule_file("timeouts: {request: soon}\n")


class Told:
    """What a watcher told, and the file that it watches."""

    def __init__(
        self, path: Path, before: Checked | None = None, folder: Folder | None = None
    ) -> None:
        self.path = path
        self.files: list[Checked] = []
        self.troubles: list[str] = []
        self._something = asyncio.Event()
        current = before or check(path.read_bytes(), str(path))
        self.watcher = Watcher(path, current, self._changed, self._unreadable, folder)

    def _changed(self, new: Checked) -> None:
        self.files.append(new)
        self._something.set()

    def _unreadable(self, why: str) -> None:
        self.troubles.append(why)
        self._something.set()

    @property
    def requests(self) -> list[float | None]:
        """``timeouts.request`` of each file told; None for one with errors."""
        return [one.file.timeouts.request if one.file else None for one in self.files]

    async def something(self) -> None:
        """Until it was told once more."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._something.wait()
        self._something.clear()

    async def the_end(self) -> None:
        """Until the watcher has stopped by itself."""
        assert self.watcher._task is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.watcher._task


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "shop.rules.yaml"
    file.write_text(GOOD)
    return file


# --- one look


async def test_new_content_is_told_once(path: Path) -> None:
    told = Told(path)
    path.write_text(NEXT)
    await told.watcher.look()
    await told.watcher.look()
    assert told.requests == [2.0]
    assert told.files[0].document.name == str(path)


async def test_the_same_content_is_not_told(path: Path) -> None:
    told = Told(path)
    await told.watcher.look()
    path.write_text(GOOD)
    os.utime(path, (1.0, 1.0))
    await told.watcher.look()
    assert (told.files, told.troubles) == ([], [])


async def test_whoever_forces_a_look_is_told_in_any_case(path: Path) -> None:
    told = Told(path)
    await told.watcher.look(forced=True)
    await told.watcher.look(forced=True)
    assert told.requests == [1.0, 1.0]


async def test_broken_content_is_told_with_what_is_wrong_and_good_content_after_it(
    path: Path,
) -> None:
    told = Told(path)
    for text in (BROKEN, BROKEN, GOOD):
        path.write_text(text)
        await told.watcher.look()
    assert told.requests == [None, 1.0]
    (diagnostic,) = told.files[0].diagnostics
    assert (diagnostic.code, diagnostic.line) == ("bad-duration", 5)


async def test_what_is_no_text_at_all_is_broken_content(path: Path) -> None:
    told = Told(path)
    for content in (b"\xff\xfe\x00", b"", b"service: [", b" " * (FILE_BYTES_AT_MOST + 1)):
        path.write_bytes(content)
        await told.watcher.look()
    assert told.requests == [None] * 4
    assert all(one.diagnostics[0].severity is Severity.ERROR for one in told.files)
    assert told.troubles == []


async def test_a_file_that_cannot_be_read_is_told_once_and_that_it_can_again(path: Path) -> None:
    told = Told(path)
    path.unlink()
    await told.watcher.look()
    await told.watcher.look()
    assert told.troubles == [f"cannot read {path}: No such file or directory"]
    # The same content as before, but somebody was told that something is wrong.
    path.write_text(GOOD)
    await told.watcher.look()
    await told.watcher.look()
    assert told.requests == [1.0]


async def test_another_reason_is_told_anew_and_so_is_any_to_whoever_forces_a_look(
    path: Path,
) -> None:
    told = Told(path)
    path.unlink()
    await told.watcher.look()
    path.mkdir()
    await told.watcher.look()
    await told.watcher.look(forced=True)
    reasons = [why.removeprefix(f"cannot read {path}: ") for why in told.troubles]
    assert reasons == ["No such file or directory", "Is a directory", "Is a directory"]
    assert told.files == []


class Mistaken(Exception):  # noqa: N818 - stands for any mistake of ours
    """What nobody expects."""


def mistaken(*_: Any) -> Any:
    raise Mistaken("so it is")


async def test_a_look_that_fails_for_a_reason_of_ours_is_told_and_looked_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(path)
    path.write_text(NEXT)
    with monkeypatch.context() as broken:
        broken.setattr(reload, "check", mistaken)
        await told.watcher.look()
        await told.watcher.look()
    assert told.troubles == [f"cannot put {path} in force: Mistaken: so it is"]
    await told.watcher.look()
    assert told.requests == [2.0]


async def test_what_could_not_be_put_in_force_is_told_and_tried_again(path: Path) -> None:
    told = Told(path)
    told.watcher._changed = mistaken
    path.write_text(NEXT)
    await told.watcher.look()
    assert told.troubles == [f"cannot put {path} in force: Mistaken: so it is"]
    told.watcher._changed = told._changed
    await told.watcher.look()
    await told.watcher.look()
    assert told.requests == [2.0]


async def test_looks_at_the_same_time_tell_of_one_change_once(path: Path) -> None:
    told = Told(path)
    path.write_text(NEXT)
    await asyncio.gather(*(told.watcher.look() for _ in range(10)))
    assert told.requests == [2.0]


def test_a_file_is_read_as_far_as_it_matters(path: Path) -> None:
    assert read_rules(path) == GOOD.encode()
    path.write_bytes(b"#" * (FILE_BYTES_AT_MOST + 1000))
    assert len(read_rules(path)) == FILE_BYTES_AT_MOST + 1
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_rules(path)


# --- watching


@contextlib.asynccontextmanager
async def watching(told: Told) -> AsyncIterator[Told]:
    told.watcher.start(asyncio.get_running_loop())
    try:
        yield told
    finally:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await told.watcher.stop()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Is set once the system watches; from then on only it tells of changes, no glance does."""
    began = asyncio.Event()

    async def news_alone(folder: Path, **options: Any) -> AsyncIterator[Any]:
        async for change in awatch(folder, **{**options, "rust_timeout": 10}):
            if change:
                yield change
            else:
                began.set()

    monkeypatch.setattr(reload, "awatch", news_alone)
    return began


def _written_in_place(path: Path, text: str) -> None:
    path.write_text(text)


def _renamed_over(path: Path, text: str) -> None:
    new = path.with_name(".shop.rules.yaml.swp")
    new.write_text(text)
    new.replace(path)


def _moved_aside_and_written_anew(path: Path, text: str) -> None:
    path.rename(path.with_name("shop.rules.yaml~"))
    path.write_text(text)


@pytest.mark.parametrize(
    "change", [_written_in_place, _renamed_over, _moved_aside_and_written_anew]
)
async def test_however_an_editor_saves_the_new_content_is_told(
    path: Path, change: Callable[[Path, str], object], watched: asyncio.Event
) -> None:
    async with watching(Told(path)) as told:
        await watched.wait()
        for text in (NEXT, GOOD, BROKEN):
            change(path, text)
            while (
                not told.files or "\n".join(told.files[-1].document.lines).strip() != text.strip()
            ):
                await told.something()
    assert told.requests[-1] is None
    assert 2.0 in told.requests


async def test_a_mounted_config_map_is_followed_through_its_links(
    tmp_path: Path, watched: asyncio.Event
) -> None:
    """Kubernetes swaps a link to a directory; the file itself, a link, stays as it is."""
    for number, text in enumerate((GOOD, NEXT)):
        (tmp_path / f"..{number}").mkdir()
        (tmp_path / f"..{number}" / "shop.rules.yaml").write_text(text)
    (tmp_path / "..data").symlink_to("..0")
    path = tmp_path / "shop.rules.yaml"
    path.symlink_to("..data/shop.rules.yaml")
    async with watching(Told(path)) as told:
        await watched.wait()
        (tmp_path / "..data_tmp").symlink_to("..1")
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")
        await told.something()
    assert told.requests == [2.0]


async def test_what_changed_before_watching_began_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "_GLANCE_MILLISECONDS", 10)
    told = Told(path, checked(NEXT))
    async with watching(told):
        await told.something()
    assert told.requests == [1.0]


async def test_other_files_in_the_directory_are_not_its_business(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two_changes(*_: Any, **__: Any) -> AsyncIterator[set[str]]:
        for number in range(2):
            (path.parent / f"{number}.yaml").write_text(NEXT)
            yield {"changed"}
        told.watcher._stop.set()

    monkeypatch.setattr(reload, "awatch", two_changes)
    monkeypatch.setattr(reload, "check", None)
    told = Told(path)
    told.watcher._text = GOOD.encode()
    async with watching(told):
        await told.the_end()
    assert (told.files, told.troubles) == ([], [])


@pytest.mark.parametrize("error", [OSError("no space for watches"), RuntimeError("is gone")])
async def test_where_the_system_tells_nothing_looking_now_and_then_will_do(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(reload, "awatch", refused)
    monkeypatch.setattr(reload, "_GLANCE_MILLISECONDS", 5)
    async with watching(Told(path)) as told:
        path.write_text(NEXT)
        await told.something()
        path.unlink()
        await told.something()
    assert (told.requests, len(told.troubles)) == ([2.0], 1)


async def test_watching_goes_on_after_a_mistake_of_ours(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "_GLANCE_MILLISECONDS", 5)
    stamp, stamps = reload._stamp, iter([True])

    def once_mistaken(file: Path) -> Any:
        return mistaken() if next(stamps, False) else stamp(file)

    monkeypatch.setattr(reload, "_stamp", once_mistaken)
    async with watching(Told(path)) as told:
        await told.something()
        path.write_text(NEXT)
        await told.something()
    assert told.troubles == [f"cannot watch {path}: Mistaken: so it is"]
    assert told.requests[-1] == 2.0


async def test_a_glance_reads_only_a_file_that_looks_different(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def counted(file: Path) -> bytes:
        read.append(1)
        return read_rules(file)

    async def seconds_without_news(*_: Any, **__: Any) -> AsyncIterator[set[str]]:
        for _second in range(5):
            yield set()
        assert len(read) == 1
        path.write_text(NEXT)
        yield set()
        told.watcher._stop.set()

    monkeypatch.setattr(reload, "awatch", seconds_without_news)
    monkeypatch.setattr(reload, "read_rules", counted)
    told = Told(path)
    async with watching(told):
        await told.the_end()
    assert (told.requests, len(read)) == ([2.0], 2)


async def test_a_file_is_read_again_when_one_that_it_names_is_mended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "_GLANCE_MILLISECONDS", 5)
    deny = "keys: {user: {from: cookie, name: user}}\n"
    deny += "access: [{name: a, deny: {user: {file: lists/users.txt}}}]\n"
    (path.parent / "lists").mkdir()
    async with watching(Told(path, folder=Folder(path.parent))) as told:
        path.write_text(rule_file(deny))
        await told.something()
        assert [one.code for one in told.files[-1].diagnostics] == ["missing-file"]
        (path.parent / "lists/users.txt").write_text("eve\n")
        await told.something()
        assert told.files[-1].file is not None
        assert told.files[-1].attachments.lists["lists/users.txt"].contains(b"eve")


async def test_a_watcher_that_never_began_can_be_stopped(path: Path) -> None:
    await Told(path).watcher.stop()
