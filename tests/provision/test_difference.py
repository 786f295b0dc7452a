from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.provision.difference import Changed, differences
from sidecar.provision.elasticsearch.provisioning import ADDED

_JSON = st.recursive(
    st.text(max_size=3) | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_what_differs_is_told_path_by_path() -> None:
    before = {"template": {"settings": {"a": 1}, "gone": "x"}, "composed_of": ["p", "q"]}
    after = {"template": {"settings": {"a": 2}}, "composed_of": ["p", "r"], "new": True}

    assert differences(before, after) == [
        Changed("composed_of[1]", "q", "r"),
        Changed("new", "", "true"),
        Changed("template.gone", "x", ""),
        Changed("template.settings.a", "1", "2"),
    ]


@pytest.mark.parametrize(
    "before, after",
    [
        ({"a": {"b": {"c": "true"}}}, {"a.b.c": True}),
        ({"n": "7"}, {"n": 7}),
        ({"data_stream": {"hidden": False}}, {"data_stream": {}}),
        ({"template": {"lifecycle": {"enabled": True, "data_retention": "7d"}}},
         {"template": {"lifecycle": {"data_retention": "7d"}}}),
        ({"created_date_millis": 1, "modified_date": "x"}, {}),
    ],
)  # fmt: skip
def test_the_form_of_an_answer_is_no_difference(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert differences(before, after, ADDED) == []


@given(st.dictionaries(st.text("abc", min_size=1), _JSON, max_size=4))
def test_nothing_differs_from_itself(body: dict[str, Any]) -> None:
    assert differences(body, body) == []
