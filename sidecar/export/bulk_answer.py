"""What the answer to a bulk request says of each document in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

_OK: Final = range(200, 300)
#: The document is there: an earlier request had brought it, and its answer was lost.
_IS_THERE: Final = 409
_NOT_FOUND: Final = 404
_MALFORMED: Final = 400
#: What may be otherwise another time: too busy, or not allowed until somebody mends that.
_LATER: Final = frozenset({401, 403, 408, 429})
_SERVER_ERROR: Final = 500

_TIME_SERIES_ID: Final = re.compile(r"_id must be unset")
_REQUIRES_STREAM: Final = re.compile(r"require.{0,20}data.?stream")
_TOO_OLD: Final = "timestamp_error"
_NO_MAPPING: Final = frozenset(
    {
        "document_parsing_exception",
        "mapper_parsing_exception",
        "strict_dynamic_mapping_exception",
        "illegal_argument_exception",
    }
)


class NoAnswerError(Exception):
    """What came is no answer to what was sent."""


class Verdicts:
    """What became of each document, by its place among those that were sent.

    A place that is named nowhere is in the index.
    """

    __slots__ = ("again", "error", "refused", "streamless", "unnamed")

    def __init__(self) -> None:
        #: Never to be taken, with a word of ``telemetry.reasons``.
        self.refused: dict[int, str] = {}
        #: To be sent again as they are.
        self.again: list[int] = []
        #: No template makes a data stream of that name.
        self.streamless: list[int] = []
        #: The stream makes ids by itself: time series do.
        self.unnamed: list[int] = []
        #: The first thing that was wrong, for people.
        self.error = ""


class _Failure(NamedTuple):
    status: int
    type: str
    reason: str


def judge(answer: Any, count: int) -> Verdicts:
    """Read the answer to ``count`` documents; its items have a status, and an error if any.

    Raises ``NoAnswerError`` for anything else: then nothing is known of any of them.
    """
    verdicts = Verdicts()
    items = answer.get("items") if isinstance(answer, Mapping) else None
    if not isinstance(items, list) or len(items) != count:
        raise NoAnswerError
    for place, item in enumerate(items):
        failure = _failure(item)
        if failure is not None:
            _file(verdicts, place, failure)
    return verdicts


def _failure(item: Any) -> _Failure | None:
    try:
        [result] = item.values()
        status = int(result["status"])
        error = result.get("error") or {}
        if status in _OK or status == _IS_THERE:
            return None
        return _Failure(status, str(error.get("type", "")), str(error.get("reason", "")))
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise NoAnswerError from wrong


def _file(verdicts: Verdicts, place: int, failure: _Failure) -> None:
    for applies, column in _MENDABLE:
        if applies(failure):
            getattr(verdicts, column).append(place)
            return
    verdicts.error = verdicts.error or f"{failure.status} {failure.type}: {failure.reason}"[:300]
    if failure.status in _LATER or failure.status >= _SERVER_ERROR:
        verdicts.again.append(place)
    elif failure.type == _TOO_OLD:
        verdicts.refused[place] = "too_old"
    elif failure.type in _NO_MAPPING:
        verdicts.refused[place] = "mapping"
    else:
        verdicts.refused[place] = "rejected"


def _is_streamless(failure: _Failure) -> bool:
    return failure.status == _NOT_FOUND and bool(_REQUIRES_STREAM.search(failure.reason))


def _is_unnamed(failure: _Failure) -> bool:
    return failure.status == _MALFORMED and bool(_TIME_SERIES_ID.search(failure.reason))


#: What can be sent in another form at once.
_MENDABLE: Final[tuple[tuple[Callable[[_Failure], bool], str], ...]] = (
    (_is_streamless, "streamless"),
    (_is_unnamed, "unnamed"),
)
