"""Keys of issuers: fetched when they are due, kept when they cannot be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sidecar.model.files import Form
from sidecar.policies.token import KeyHolder, KeysUrl, Tokens, TokenSettings
from sidecar.proxy import key_fetcher as module
from sidecar.proxy.key_fetcher import UNKNOWN_KEY_SECONDS, KeyFetcher
from sidecar.ruleset.attachments import Use
from tests.policies.issuing import Issuer

URL = "https://id.example/keys"
FIRST, SECOND = Issuer().key_set(), Issuer().key_set()
SETTINGS = TokenSettings("i", ("a",), ("ES256",))


class Place:
    """A fetcher on a virtual clock, and the server that it asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.content: bytes | Exception = FIRST
        self.asked: list[float] = []
        self.told: list[str] = []
        self.holder = KeyHolder(source=KeysUrl(URL, 300.0))
        self.tokens: Tokens | None = Tokens(SETTINGS, self.holder)
        self.fetcher = KeyFetcher(lambda: self.tokens, self)
        monkeypatch.setattr(module, "clock", lambda: self.now)
        monkeypatch.setattr(module, "_content_of", self.answer)

    async def answer(self, source: KeysUrl) -> bytes:
        self.asked.append(self.now)
        assert source.url.startswith(URL)
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    def file_changed(self, use: Use) -> None:
        assert use[1] is Form.KEY_SET
        self.told.append("changed")

    def file_failed(self, use: Use, why: str) -> None:
        assert use[0].startswith(URL)
        self.told.append(why)

    async def until(self, end: float) -> list[float]:
        """Tick once a second; returns when the server was asked."""
        self.asked = []
        while self.now < end:
            await self.fetcher.first(10.0)
            self.now += 1.0
        return self.asked


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(monkeypatch)


async def test_keys_are_fetched_at_once_and_then_as_often_as_is_wanted(place: Place) -> None:
    assert await place.until(1700.0) == [1000.0, 1300.0, 1600.0]
    assert place.told == ["changed"]
    keys = place.holder.keys
    assert keys is not None
    place.content = SECOND
    await place.until(2000.0)
    assert place.told == ["changed", "changed"]
    assert place.holder.keys is not keys


async def test_the_same_content_is_the_same_keys(place: Place) -> None:
    await place.until(1001.0)
    keys = place.holder.keys
    await place.until(1400.0)
    assert place.holder.keys is keys


async def test_the_last_good_keys_stay_while_the_server_is_away(place: Place) -> None:
    await place.until(1001.0)
    keys = place.holder.keys
    place.content = OSError("gone")
    asked = await place.until(1400.0)
    assert [round(one) for one in asked] == [1300, 1301, 1303, 1307, 1315, 1331, 1361, 1391]
    assert place.holder.keys is keys
    assert place.told == ["changed", "OSError: gone"]
    place.content = FIRST
    await place.until(1430.0)
    assert place.told == ["changed", "OSError: gone", "changed"]


@pytest.mark.parametrize("content", [b"<html>", b'{"keys": []}', b""])
async def test_what_is_no_key_set_changes_nothing(place: Place, content: bytes) -> None:
    await place.until(1001.0)
    keys = place.holder.keys
    place.content = content
    await place.until(1301.0)
    assert place.holder.keys is keys
    assert place.told[-1].startswith("BadKeySet: ")


async def test_an_unknown_key_has_them_fetched_but_not_all_the_time(place: Place) -> None:
    await place.until(1100.0)
    asked: list[float] = []
    for _ in range(30):
        # Somebody shows such a token all the time.
        place.holder.missed = True
        asked += await place.until(place.now + 1.0)
    assert asked == [1100.0, 1100.0 + UNKNOWN_KEY_SECONDS, 1100.0 + 2 * UNKNOWN_KEY_SECONDS]


async def test_other_rules_have_other_keys_fetched(place: Place) -> None:
    await place.until(1010.0)
    place.tokens = None
    assert await place.until(1020.0) == []
    place.tokens = Tokens(SETTINGS, KeyHolder())
    assert await place.until(1030.0) == []
    other = KeyHolder(source=KeysUrl(URL + "/other", 300.0))
    place.tokens = Tokens(SETTINGS, other)
    assert await place.until(1040.0) == [1030.0]
    assert other.keys is not None
    again = KeyHolder(source=KeysUrl(URL + "/other", 300.0))
    place.tokens = Tokens(SETTINGS, again)
    await place.until(1050.0)
    assert again.keys is not None, "the same content, and nobody has read it yet"


async def test_whoever_never_began_can_be_stopped(place: Place) -> None:
    place.fetcher.stop()
    await place.until(1001.0)
    place.fetcher.stop()


async def test_stopping_ends_a_fetch(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forever(_: Any) -> bytes:

        await asyncio.Event().wait()
        return b""

    monkeypatch.setattr(module, "_content_of", forever)
    await place.fetcher.first(0.01)
    place.fetcher.stop()
    await place.fetcher.first(1.0)
    assert place.told == []
