from __future__ import annotations

import msgspec

from sidecar.provision.difference import Changed
from sidecar.provision.step import Step, What


def test_a_step_as_programs_read_it() -> None:
    step = Step(What.CHANGED, "thing x", changed=(Changed("a", "1", "2"),))

    assert msgspec.to_builtins(step) == {
        "what": "changed",
        "about": "thing x",
        "words": "",
        "changed": (("a", "1", "2"),),
    }
