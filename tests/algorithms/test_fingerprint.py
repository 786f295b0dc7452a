from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from sidecar.algorithms.fingerprint import fingerprint


def test_it_is_the_same_everywhere() -> None:
    assert fingerprint(b"alice") == "4deaec0cce54da89"


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_it_tells_values_apart_and_nothing_of_them(one: bytes, other: bytes) -> None:
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(one))
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
