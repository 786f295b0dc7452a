"""What a list of requests may name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.model.members import MembersSpec
from sidecar.model.spec import HeaderUse, KeyUse


def test_it_tells_which_keys_and_header_fields_it_looks_at() -> None:
    members = MembersSpec.model_validate(
        {"user": "eve", "tenant": {"file": "a"}, "header": {"User-Agent": "*curl*"}}
    )
    assert members.keys_used("deny") == (
        KeyUse("user", ("deny", "user")),
        KeyUse("tenant", ("deny", "tenant")),
    )
    assert members.headers_used("deny") == (
        HeaderUse("user-agent", ("deny", "header", "user-agent")),
    )


@pytest.mark.parametrize("nobody", [{}, {"header": {}}])
def test_a_list_names_somebody(nobody: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        MembersSpec.model_validate(nobody)
    assert [error["type"] for error in raised.value.errors()] == ["empty-list"]
