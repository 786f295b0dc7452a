from __future__ import annotations

from sidecar.admin import traced
from sidecar.admin.answers import Answer


def test_every_shape_says_what_it_is() -> None:
    shapes = [
        one for one in vars(traced).values() if isinstance(one, type) and issubclass(one, Answer)
    ]
    assert len(shapes) > 5
    assert [one.__name__ for one in shapes if not one.__doc__] == []
