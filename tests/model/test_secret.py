"""Secrets are found, and never shown."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.model.secret import Secret, SecretSpec, SecretText
from sidecar.model.spec import Spec


class Store(Spec):
    """Something with a password."""

    password: Secret


def test_a_secret_stands_in_a_variable_or_a_file() -> None:
    assert Store.model_validate({"password": {"env": "REDIS_PASSWORD"}}).password == SecretSpec(
        env="REDIS_PASSWORD"
    )
    assert Store.model_validate({"password": {"file": "keys/redis"}}).password == SecretSpec(
        file="keys/redis"
    )


def test_a_literal_is_taken_and_masked_wherever_it_is_shown() -> None:
    store = Store.model_validate({"password": "hunter2"})
    assert isinstance(store.password, SecretText)
    assert store.password.reveal() == "hunter2"
    shown = [repr(store), str(store), f"{store.password}", f"{store.password:>20}",
             repr([store.password]), str(store.model_dump())]  # fmt: skip
    assert not [text for text in shown if "hunter2" in text]
    with pytest.raises(TypeError):
        pickle.dumps(store.password)
    with pytest.raises(TypeError):
        copy.copy(store.password)
    with pytest.raises(TypeError):
        json.dumps(store.password)
    assert json.loads(store.model_dump_json()) == {"password": "********"}
    assert store.model_dump(mode="json") == {"password": "********"}


def test_secrets_are_equal_when_they_are_the_same() -> None:
    assert SecretText("a") == SecretText("a")
    assert SecretText("a") != SecretText("b")
    assert len({SecretText("a"), SecretText("a")}) == 1


@pytest.mark.parametrize(
    "written, code, hint",
    [
        ({}, "incomplete", "write {env: NAME} or {file: PATH}"),
        ({"env": "A", "file": "b"}, "conflict", "write {env: NAME} or {file: PATH}"),
        ({"env": "$REDIS"}, "bad-name", "did you mean REDIS?"),
        ({"env": "${REDIS}"}, "bad-name", "did you mean REDIS?"),
        ({"env": "a b"}, "bad-name", "such as REDIS_PASSWORD"),
        (7, "bad-value", "write {env: NAME} or {file: PATH}"),
    ],
)
def test_mistakes(written: Any, code: str, hint: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Store.model_validate({"password": written})
    (error,) = raised.value.errors()
    assert error["type"] == code
    assert hint in error["ctx"]["hint"]
