from __future__ import annotations

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from demo_services.shop.service.knobs import Knobs, WorkFailed
from demo_services.shop.service.problems import (
    BadRequest,
    Conflict,
    NotFound,
    Unavailable,
    tell_problems,
)


async def _answer(error: Exception) -> web.Response:
    async def handler(_request: web.Request) -> web.Response:
        raise error

    response = await tell_problems(make_mocked_request("GET", "/"), handler)
    assert isinstance(response, web.Response)
    return response


def _invalid() -> msgspec.ValidationError:
    try:
        msgspec.convert({"workers": 0}, Knobs)
    except msgspec.ValidationError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "error,status,detail",
    [
        (BadRequest("why"), 400, "why"),
        (NotFound("why"), 404, "why"),
        (Conflict("why"), 409, "why"),
        (Unavailable("why"), 503, "why"),
        (WorkFailed("why"), 500, "why"),
        (_invalid(), 400, "Expected `int` >= 1 - at `$.workers`"),
        (web.HTTPNotFound(), 404, "Not Found"),
    ],
)
async def test_what_went_wrong_is_told(error: Exception, status: int, detail: str) -> None:
    response = await _answer(error)
    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert isinstance(response.body, bytes)
    problem = msgspec.json.decode(response.body)
    assert (problem["status"], problem["detail"]) == (status, detail)


async def test_the_methods_that_are_allowed_are_told() -> None:
    response = await _answer(web.HTTPMethodNotAllowed("PUT", ["GET", "POST"]))
    assert response.headers["Allow"] == "GET,POST"
