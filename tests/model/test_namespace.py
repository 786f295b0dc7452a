from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from sidecar.model.namespace import parse_namespace


@pytest.mark.parametrize("name", ["default", "shop", "shop_2", "a.b", "größe", "x" * 100])
def test_namespaces(name: str) -> None:
    assert parse_namespace(name) == name


@pytest.mark.parametrize(
    "value",
    ["", "Shop", "shop-live", "a b", "a/b", "a*b", "a:b", "a#b", "x" * 101, "ö" * 51, None, 3, []],
)
def test_what_is_none(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_namespace(value)
    assert caught.value.type == "bad-name"


@given(st.text(max_size=12))
def test_what_is_proposed_is_one(text: str) -> None:
    try:
        parse_namespace(text)
    except PydanticCustomError as error:
        meant = re.search(r"did you mean (.*)\?$", (error.context or {})["hint"])
        if meant is not None:
            parse_namespace(meant[1])
