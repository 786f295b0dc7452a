from __future__ import annotations

from sidecar.ruleset.document import load
from sidecar.ruleset.places import Places


def test_a_warning_points_at_the_value_or_at_the_name_of_the_field() -> None:
    place = Places(load("a:\n  - {name: x}\n", "shop.yaml"))
    path = ("a", 0, "name")
    value = place.value("unused", path, "no", "yes")
    assert (value.file, value.line, value.column, value.hint) == ("shop.yaml", 2, 12, "yes")
    name = place.name("unused", path, "no")
    assert (name.line, name.column, name.message) == (2, 6, "no")
    assert place.line(path) == 2
