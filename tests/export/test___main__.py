from __future__ import annotations

import pytest

from sidecar.export.__main__ import main


@pytest.mark.parametrize("arguments", [[], ["one"], ["3", "4"], ["-1"]])
def test_nobody_but_a_sidecar_starts_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "a part of the sidecar" in capsys.readouterr().err
