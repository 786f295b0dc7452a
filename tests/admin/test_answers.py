from __future__ import annotations

import msgspec
import pytest

from sidecar.admin import answers as a
from tests.admin.described import mismatches


def test_every_shape_says_what_it_is() -> None:
    shapes = [one for one in vars(a).values() if isinstance(one, type)]
    ours = [one for one in shapes if issubclass(one, a.Answer)]
    assert len(ours) > 30
    assert [one.__name__ for one in ours if not one.__doc__] == []


@pytest.mark.parametrize(
    "value, count",
    [
        ({"live": True}, 0),
        ({"live": 1}, 1),
        ({}, 1),
        ({"live": True, "more": 1}, 1),
        ([], 1),
    ],
)
def test_what_checks_answers_sees_what_is_wrong(value: object, count: int) -> None:
    _, schemas = msgspec.json.schema_components(
        [a.Live], ref_template="#/components/schemas/{name}"
    )
    whole = {"components": {"schemas": schemas}}
    assert len(mismatches(value, {"$ref": "#/components/schemas/Live"}, whole)) == count
