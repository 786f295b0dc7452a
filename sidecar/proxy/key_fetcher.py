"""Fetches the keys of an issuer of tokens, beside the requests that are checked with them."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from sidecar.model.files import Form
from sidecar.proxy.clock import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.policies.token import KeyHolder, Keys, KeysUrl, Tokens
    from sidecar.ruleset.attachment_watch import Told

#: Tokens with an unknown key have the keys fetched, but never more often than this.
UNKNOWN_KEY_SECONDS: Final = 10.0
#: After a failure, until there are keys at all and when there are some.
_AGAIN_SECONDS: Final = 1.0
_AGAIN_AT_MOST_SECONDS: Final = 30.0
_FETCH_SECONDS: Final = 5.0
_BYTES_AT_MOST: Final = 1 << 20


class KeyFetcher:
    """Keeps the keys of the rules in force as fresh as they want it; the last good ones stay."""

    def __init__(self, tokens: Callable[[], Tokens | None], told: Told) -> None:
        self._tokens = tokens
        self._told = told
        self._task: asyncio.Task[None] | None = None
        self._holder: KeyHolder | None = None
        self._content = b""
        #: When the keys are fetched next, and when they were last, in monotonic seconds.
        self._due = 0.0
        self._began = 0.0
        self._failures = 0
        self._trouble = ""

    async def first(self, seconds: float) -> None:
        """Fetch what is needed before the first request, and wait so long for it at most."""
        self.tick(clock())
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)

    def tick(self, now: float) -> None:
        """Begin to fetch what is due; to be called about once a second."""
        tokens = self._tokens()
        holder = tokens.holder if tokens is not None else None
        if holder is None or holder.source is None or self._is_busy:
            return
        source = holder.source
        if holder is not self._holder:
            self._holder, self._content, self._due = holder, b"", now
            self._trouble, self._failures = "", 0
        wanted = holder.missed and now >= self._began + UNKNOWN_KEY_SECONDS
        if now >= min(self._due, self._began + source.refresh) or wanted:
            holder.missed = False
            self._began = now
            self._task = asyncio.get_running_loop().create_task(self._fetch(holder, source))

    def stop(self) -> None:
        """Fetch no more."""
        if self._task is not None:
            self._task.cancel()

    @property
    def _is_busy(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _fetch(self, holder: KeyHolder, source: KeysUrl) -> None:
        try:
            content = await _content_of(source)
            if content != self._content:
                keys = await asyncio.to_thread(_parsed, content)
                holder.replace(keys)
        except Exception as error:  # noqa: BLE001 - whatever the server did, the keys stay
            self._failed(source, f"{type(error).__name__}: {error}".rstrip(": "))
            return
        is_news = content != self._content or self._trouble
        self._content, self._trouble, self._failures = content, "", 0
        self._due = clock() + source.refresh
        if is_news:
            self._told.file_changed((source.url, Form.KEY_SET))

    def _failed(self, source: KeysUrl, trouble: str) -> None:
        again = _AGAIN_SECONDS * 2.0 ** min(self._failures, 10)
        self._failures += 1
        self._due = clock() + min(again, _AGAIN_AT_MOST_SECONDS, source.refresh)
        if trouble != self._trouble:
            self._trouble = trouble
            self._told.file_failed((source.url, Form.KEY_SET), trouble)


def _parsed(content: bytes) -> Keys:
    # Only here: whoever has no issuer need not wait for the cryptography.
    from sidecar.algorithms.json_web_keys import parse_key_set  # noqa: PLC0415

    return parse_key_set(content)


class UnexpectedAnswer(Exception):  # noqa: N818 - reads as what it says to the admin
    """The issuer's server answered something that cannot be a key set."""


async def _content_of(source: KeysUrl) -> bytes:
    # A third of the start-up time is aiohttp's, and most sidecars fetch no keys.
    import aiohttp  # noqa: PLC0415

    context = await asyncio.to_thread(ssl.create_default_context, cafile=source.ca or None)
    timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        # Not to wherever somebody else might send us.
        session.get(source.url, ssl=context, allow_redirects=False) as answer,
    ):
        if answer.status != 200:
            raise UnexpectedAnswer(f"status {answer.status}")
        content = await answer.content.read(_BYTES_AT_MOST + 1)
        while not answer.content.at_eof() and len(content) <= _BYTES_AT_MOST:
            content += await answer.content.read(_BYTES_AT_MOST + 1 - len(content))
        if len(content) > _BYTES_AT_MOST:
            raise UnexpectedAnswer(f"more than {_BYTES_AT_MOST} bytes")
        return content
