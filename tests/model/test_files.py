"""Where a rule names a file instead of writing values out."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.model.files import (
    FileSpec,
    Form,
    KeySetFileSpec,
    ListedNetworks,
    ListedValues,
    NetworkFileSpec,
    ValueFileSpec,
)
from sidecar.model.spec import Spec


class Lists(Spec):
    """Something with lists."""

    values: ListedValues = ()
    networks: ListedNetworks = ()


def test_values_and_files_stand_alone_or_in_a_list() -> None:
    lists = Lists.model_validate(
        {"values": {"file": "a"}, "networks": ["10.0.0.0/8", {"file": "b"}]}
    )
    assert lists.values == (ValueFileSpec(file="a"),)
    assert [str(lists.networks[0]), lists.networks[1]] == ["10.0.0.0/8", NetworkFileSpec(file="b")]
    assert Lists(values=("ann",)).values == ("ann",)


def test_each_file_says_what_must_stand_in_it() -> None:
    hashed = ValueFileSpec.model_validate({"file": "a", "hashed": "sha256"})
    files = [FileSpec(file="a"), KeySetFileSpec(file="a"), NetworkFileSpec(file="a"),
             ValueFileSpec(file="a"), hashed]  # fmt: skip
    assert [file.expects for file in files] == [
        Form.CONTENT, Form.KEY_SET, Form.NETWORKS, Form.VALUES, Form.SHA256,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fields, code",
    [
        ({"values": 7}, "bad-text"),
        ({"values": [{"file": 7}]}, "bad-text"),
        ({"values": {}}, "missing"),
        ({"values": []}, "empty-list"),
        ({"values": {"file": "a", "hashed": "md5"}}, "enum"),
        ({"networks": "ann"}, "bad-network"),
        ({"networks": {"file": "a", "hashed": "sha256"}}, "extra_forbidden"),
    ],
)
def test_mistakes(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Lists.model_validate(fields)
    assert [error["type"] for error in raised.value.errors()] == [code]
