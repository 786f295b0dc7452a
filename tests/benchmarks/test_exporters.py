from __future__ import annotations

import pytest

from benchmarks.exporters import ALL, OFF, SOME, VARIANTS, target
from benchmarks.targets import by_name


@pytest.mark.parametrize(
    "variant, share, exports", [(OFF, "1%", False), (SOME, "1%", True), (ALL, "100%", True)]
)
def test_variants_differ_in_what_they_export(variant: str, share: str, *, exports: bool) -> None:
    found = target(variant)

    assert (found.values["SAMPLE"], found.exports) == (share, exports)
    assert found.template == by_name("sidecar").template


def test_all_variants_have_a_name_and_a_probe() -> None:
    found = [target(variant) for variant in VARIANTS]

    assert len({one.name for one in found}) == len(VARIANTS)
    assert {one.command[:3] for one in found} == {
        ("{program:python}", "-m", "benchmarks.probed"),
    }
    assert all(one.command[-2:] == ("run", "{config}") for one in found)
