from __future__ import annotations

import msgspec
import pytest

from sidecar.admin import wished as w


def test_every_shape_says_what_it_is() -> None:
    shapes = [one for one in vars(w).values() if isinstance(one, type) and issubclass(one, w.Wish)]
    assert len(shapes) > 5
    assert [one.__name__ for one in shapes if not one.__doc__] == []


def test_a_wish_takes_no_word_that_it_does_not_know() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `fro`"):
        msgspec.json.decode(b'{"rules": "*", "mode": "shadow", "fro": "1m"}', type=w.OverrideWish)
