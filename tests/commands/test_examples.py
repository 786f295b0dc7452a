from __future__ import annotations

from sidecar.commands.examples import examples


def test_examples_stand_beside_each_other() -> None:
    assert examples("a b") == "Example: [bold]a b[/bold]"
    assert examples("a", "b") == "Examples: [bold]a[/bold] · [bold]b[/bold]"
