from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.unicode_text import mended, unicode

_ANY = st.text(st.characters(exclude_categories=[]))


def test_half_a_surrogate_can_be_read() -> None:
    assert unicode("caf\udce9, café") == "caf\\udce9, café"
    assert mended({"\ud800": ["a", 1, ("\udfff",)]}) == {"\\ud800": ["a", 1, ["\\udfff"]]}


@given(
    st.recursive(_ANY | st.integers(), lambda below: st.dictionaries(_ANY, below) | st.lists(below))
)
def test_whatever_is_mended_can_be_written(value: object) -> None:
    json.dumps(mended(value), ensure_ascii=False).encode("utf-8")
