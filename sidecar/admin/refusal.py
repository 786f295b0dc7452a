"""A question or a wish that cannot be met."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from sidecar.admin.answers import Problem

#: More of what there is helps nobody.
_NAMED_AT_MOST: Final = 50


class Refused(Exception):  # noqa: N818 - reads as what it says
    """Why not, as it is answered."""

    def __init__(self, status: int, detail: str, there_are: Iterable[str] = ()) -> None:
        super().__init__(detail)
        self.problem = Problem(
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            there_are=list(there_are)[:_NAMED_AT_MOST],
        )
