from __future__ import annotations

from sidecar.admin.refusal import Refused


def test_it_says_what_there_is_but_not_without_end() -> None:
    refused = Refused(404, "there is no such rule", [str(number) for number in range(1000)])
    assert refused.problem.title == "Not Found"
    assert len(refused.problem.there_are) == 50
    assert str(refused) == "there is no such rule"
