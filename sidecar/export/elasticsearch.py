"""Elasticsearch as a backend: bulk requests through the official client.

Every document has an id of its own, so whatever is in doubt is sent again: what is there already
is answered with a conflict, which is as good as success.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from elastic_transport import SerializationError, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from sidecar.elastic.connect import connect, said
from sidecar.export.backend import TAKEN, Delivery, failed
from sidecar.export.bulk_answer import NoAnswerError, Verdicts, judge
from sidecar.export.bulk_form import BulkForm
from sidecar.export.daily_index import DailyIndices
from sidecar.export.item import Item
from sidecar.export.settings import ElasticsearchSettings

_TOO_LARGE: Final = 413
_MALFORMED: Final = 400
_NOT_ALLOWED: Final = frozenset({401, 403})
#: Nobody mends a key within seconds.
_NOT_ALLOWED_SECONDS: Final = 30.0
#: Whoever asks for more is asked nevertheless.
_LONGEST_PAUSE_SECONDS: Final = 300.0
#: The form of a document is corrected so often: it has no stream, and the stream has its own ids.
_FORMS: Final = 3
#: The fastest level; the next one takes twice the time for a twentieth of the bytes.
_GZIP_LEVEL: Final = 1
_ANSWER: Final = "errors,items.*.status,items.*.error.type,items.*.error.reason"
_HEADERS: Final = {
    "content-type": "application/x-ndjson",
    "content-encoding": "gzip",
    "accept": "application/json",
}


class ElasticsearchBackend:
    """Delivers items to one cluster. The client is made at the first delivery, in its thread."""

    name = "elasticsearch"

    def __init__(
        self,
        settings: ElasticsearchSettings,
        now: Callable[[], float] = time.monotonic,
        connect_to: Callable[[ElasticsearchSettings], Elasticsearch] | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._connect = connect_to or _connect
        self._connected: Elasticsearch | None = None
        self._form = BulkForm()
        self._daily = DailyIndices()
        self._requires_stream = True

    def deliver(self, items: Sequence[Item]) -> Delivery:
        """Send these in one request, and in another form what must have another form."""
        refused: dict[int, str] = {}
        again: list[int] = []
        error = ""
        places: Sequence[int] = range(len(items))
        for _ in range(_FORMS):
            part = [items[place] for place in places]
            try:
                verdicts = self._send(part)
            except (ApiError, TransportError, OSError, NoAnswerError) as wrong:
                if len(part) == len(items):
                    return self._failed(items, wrong)
                # The others have been judged already.
                error = self._sentence(wrong)
                break
            others = self._reform(part, verdicts)
            refused |= {places[place]: word for place, word in verdicts.refused.items()}
            again += [places[place] for place in verdicts.again]
            error = error or verdicts.error
            places = [places[place] for place in others]
            if not places:
                break
        again = sorted([*again, *places])
        return Delivery(refused, tuple(again), error=error) if refused or again else TAKEN

    def close(self) -> None:
        """Let go of the connections."""
        connected, self._connected = self._connected, None
        if connected is not None:
            connected.close()

    # --- one request

    def _send(self, items: Sequence[Item]) -> Verdicts:
        now = self._now()
        body = b"".join([self._form.data(item, now) for item in items])
        return judge(self._request(gzip.compress(body, _GZIP_LEVEL)), len(items))

    def _request(self, body: bytes) -> Any:
        asked: dict[str, Any] = {"filter_path": _ANSWER}
        if self._requires_stream:
            asked["require_data_stream"] = "true"
        try:
            return self._client.perform_request(
                "POST", "/_bulk", params=asked, headers=_HEADERS, body=body
            ).body
        except ApiError as error:
            if self._requires_stream and "[require_data_stream]" in said(error):
                # Before 8.13. Streams are made there as well, where templates say so.
                self._requires_stream = False
                return self._request(body)
            raise

    @property
    def _client(self) -> Elasticsearch:
        if self._connected is None:
            self._connected = self._connect(self._settings)
        return self._connected

    # --- another form

    def _reform(self, items: Sequence[Item], verdicts: Verdicts) -> list[int]:
        """Which of them to send at once in another form; others may get a verdict here."""
        for place in verdicts.unnamed:
            self._form.unnamed(items[place])
        reformed = [*verdicts.unnamed]
        for place in verdicts.streamless:
            trouble = self._prepare_index(items[place])
            if trouble:
                verdicts.again.append(place)
                verdicts.error = verdicts.error or trouble
            else:
                reformed.append(place)
        return sorted(reformed)

    def _prepare_index(self, item: Item) -> str:
        """Have an index for a document without a stream; what was wrong, for people, if it is."""
        try:
            if self._daily.prepare(self._client, item):
                self._form.streamless(item, self._now())
            else:
                self._form.has_stream(item)
        except (ApiError, TransportError, OSError) as wrong:
            return (
                "no template makes its data streams, and an index cannot be created"
                f" ({said(wrong)}): run 'sidecar provision elasticsearch'"
            )
        return ""

    # --- what went wrong with a request

    def _failed(self, items: Sequence[Item], wrong: Exception) -> Delivery:
        """What becomes of items whose request as one went wrong."""
        sentence = self._sentence(wrong)
        if isinstance(wrong, TlsError):
            # With the next client its authorities are read again.
            self.close()
        if not isinstance(wrong, ApiError):
            return failed(items, sentence)
        status = wrong.meta.status
        if status == _TOO_LARGE:
            return Delivery(split="too_large", error=sentence)
        if status == _MALFORMED and _is_from_elasticsearch(wrong):
            return Delivery(split="rejected", error=sentence)
        pause = _NOT_ALLOWED_SECONDS if status in _NOT_ALLOWED else _retry_after(wrong)
        return failed(items, sentence, pause)

    def _sentence(self, wrong: Exception) -> str:
        place = ", ".join(self._settings.urls)
        if isinstance(wrong, NoAnswerError | UnsupportedProductError | SerializationError):
            return f"what answers at {place} is not Elasticsearch, or its answer was cut"
        if isinstance(wrong, ApiError) and wrong.meta.status in _NOT_ALLOWED:
            who = "its API key" if self._settings.api_key else "its user"
            return f"Elasticsearch at {place} does not let {who} write: {said(wrong)}"
        if isinstance(wrong, ApiError | TransportError | OSError):
            return f"Elasticsearch at {place}: {said(wrong)}"
        return str(wrong)


def _connect(settings: ElasticsearchSettings) -> Elasticsearch:
    user = (settings.username, settings.password) if settings.username else None
    return connect(
        settings.urls,
        api_key=settings.api_key,
        user=user,
        ca=settings.ca,
        verify=settings.verify,
    )


def _is_from_elasticsearch(error: ApiError) -> bool:
    """Whether a proxy cannot have said that."""
    return isinstance(error.body, dict) and isinstance(error.body.get("error"), dict)


def _retry_after(error: ApiError) -> float:
    """Seconds that it asks to be left alone; a date is not read."""
    asked = error.meta.headers.get("retry-after") or ""
    return min(float(asked), _LONGEST_PAUSE_SECONDS) if asked.isdecimal() else 0.0
