from __future__ import annotations

import dataclasses

import pytest

from sidecar.model.verdict import LocalReply, Park, Place


def test_replies_share_no_facts() -> None:
    one = LocalReply(429, "rate_limited", "Too many requests.")
    other = LocalReply(429, "rate_limited", "Too many requests.")
    assert one.facts is not other.facts


@pytest.mark.parametrize("verdict", [Park(1.0, Place()), LocalReply(403, "access_denied", "No.")])
def test_a_verdict_cannot_be_changed_by_a_later_gate(verdict: object) -> None:
    for field in dataclasses.fields(verdict):  # type: ignore[arg-type]
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(verdict, field.name, None)


def test_nobody_is_woken_before_the_chain_says_how() -> None:
    assert Place().wake is None
