from __future__ import annotations

import json

from sidecar.admin.problems import problem_response
from sidecar.admin.refusal import Refused


def test_a_problem_is_sent_as_problem_details() -> None:
    response = problem_response(Refused(422, "write 10m").problem)
    assert (response.status, response.content_type) == (422, "application/problem+json")
    assert isinstance(response.body, bytes)
    assert json.loads(response.body) == {
        "title": "Unprocessable Entity", "status": 422, "detail": "write 10m",
    }  # fmt: skip
