from __future__ import annotations

import pytest

from tests.admin.running import Client


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "501", "٣", "1" * 5000])
async def test_a_number_that_is_none_is_refused(admin: Client, limit: str) -> None:
    answer = await admin.get("/v1/audit", params={"limit": limit})
    assert answer.status == 422
    assert "is not a number from 1 to 500" in (await answer.json())["detail"]


async def test_a_wish_says_which_words_there_are(admin: Client) -> None:
    answer = await admin.post("/v1/overrides", json={"rule": "access/*"})
    assert answer.status == 422
    problem = await answer.json()
    assert problem["detail"] == (
        "Object contains unknown field `rule`; there are rules, mode, for, why"
    )
    assert problem["there_are"] == ["rules", "mode", "for", "why"]
