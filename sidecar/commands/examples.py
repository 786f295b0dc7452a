"""Examples below the help of a command."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """The epilog of a command's help: what a person would type."""
    word = "Example" if len(lines) == 1 else "Examples"
    return f"{word}: " + " · ".join(f"[bold]{line}[/bold]" for line in lines)
