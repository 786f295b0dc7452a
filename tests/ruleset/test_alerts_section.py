from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sidecar.ruleset.alert_entry import AlertSpec, HeldAlertSpec
from sidecar.ruleset.alerts_of_objectives import BurnRateSpec
from sidecar.ruleset.alerts_section import ALERT_KINDS, AlertEntry, kind_of

_ENTRY: TypeAdapter[Any] = TypeAdapter(AlertEntry)
#: What kinds cannot do without.
_NEEDED = {"burn_rate": {"for_each": "slo"}}


def read(kind: str, **fields: object) -> Any:
    return _ENTRY.validate_python({"name": "a", "kind": kind, **_NEEDED.get(kind, {}), **fields})


@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_an_entry_is_read_by_its_kind(kind: str) -> None:
    spec = read(kind)
    assert type(spec) is ALERT_KINDS[kind]
    assert isinstance(spec, AlertSpec)
    assert spec.kind == kind == kind_of(type(spec))


@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_each_kind_says_in_a_sentence_when_it_fires(kind: str) -> None:
    sentence = ALERT_KINDS[kind].__doc__ or ""
    assert sentence.endswith((".", ")."))
    assert "\n" not in sentence


@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_only_what_lasts_is_told_of(kind: str) -> None:
    """Burn rates have windows instead."""
    assert isinstance(read(kind), HeldAlertSpec | BurnRateSpec)


@pytest.mark.parametrize("given", [{}, {"kind": "burn"}, {"kind": 3}, {"kind": ["burn_rate"]}])
def test_without_a_kind_nothing_is_known(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        _ENTRY.validate_python({"name": "a", **given})
