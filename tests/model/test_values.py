from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError, create_model
from pydantic_core import PydanticCustomError

from sidecar.model.values import (
    Duration,
    Name,
    OneOrMany,
    Rate,
    parse_count,
    parse_flag,
    parse_status,
    written,
)


@pytest.mark.parametrize("value", [1, 10**9])
def test_counts(value: int) -> None:
    assert parse_count(value) == value


@pytest.mark.parametrize("value", [0, -1, 10**9 + 1, 1.0, True, "10", "ten", None, []])
def test_what_is_no_count(value: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_count(value)
    assert caught.value.type == "bad-count"
    assert ("did you mean 10?" in str(caught.value.context)) is (value == "10")


def test_statuses_of_errors() -> None:
    assert [parse_status(400), parse_status(599)] == [400, 599]
    for value in (399, 600, 403.0, "403", True, None):
        with pytest.raises(PydanticCustomError) as caught:
            parse_status(value)
        assert caught.value.type == "bad-status"


@pytest.mark.parametrize(
    "value, meant",
    [("yes", "true"), ("Off", "false"), (1, "true"), ("perhaps", None), (None, None)],
)
def test_flags_are_true_or_false_only(value: object, meant: str | None) -> None:
    assert parse_flag(True) is True
    assert parse_flag(False) is False
    with pytest.raises(PydanticCustomError) as caught:
        parse_flag(value)
    assert (f"did you mean {meant}?" in str(caught.value.context)) is (meant is not None)


def test_one_stands_for_the_list_of_it() -> None:
    adapter: TypeAdapter[tuple[str, ...]] = TypeAdapter(OneOrMany[Name])
    assert adapter.validate_python("a") == ("a",)
    assert adapter.validate_python(["a", "b"]) == ("a", "b")
    with pytest.raises(ValidationError, match="the list is empty"):
        adapter.validate_python([])
    single, listed = adapter.json_schema()["anyOf"]
    assert listed["items"] == single
    assert listed["minItems"] == 1


def test_an_error_in_one_value_is_one_error() -> None:
    adapter: TypeAdapter[tuple[str, ...]] = TypeAdapter(OneOrMany[Name])
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(["a", "B C"])
    assert [error["loc"] for error in caught.value.errors()] == [(1,)]


def test_defaults_stand_in_the_schema_as_an_admin_would_write_them() -> None:
    class Example(BaseModel):
        wait: Duration = written("1m")
        limit: Rate = written("5/s")

    assert Example().wait == 60
    assert Example().limit == Rate(5, 1)
    properties = Example.model_json_schema()["properties"]
    assert properties["wait"]["default"] == "1m"
    assert properties["limit"]["default"] == "5/s"


@pytest.mark.parametrize("kind, text", [(Duration, "1m"), (Rate, "5/s"), (Name, "a")])
def test_the_default_of_one_field_is_no_other_s(kind: Any, text: str) -> None:
    with_default = create_model("WithDefault", field=(kind, written(text)))
    without = create_model("Without", field=(kind, ...))
    assert with_default.model_json_schema()["properties"]["field"]["default"] == text
    assert "default" not in without.model_json_schema()["properties"]["field"]
