"""A decision as one line for whoever looks on."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from sidecar.admin.decided import Decision
from sidecar.commands.wording import millis

_STATUS_STYLES: Final = {2: "green", 3: "cyan", 4: "yellow", 5: "bold red"}
#: So much of an id is enough to find it by.
_SHORT_ID: Final = 8
#: Reasons that the kind of the rule says already.
_USUAL: Final = frozenset({"rate_limited", "access_denied", "breaker_open"})
#: Time, status, duration and the gaps between them.
_FIXED: Final = 13 + 4 + 7
#: Below so many columns the client and the id are left out.
_NARROW: Final = 100
_CLIENT: Final = 15


def tap_line(one: Decision, width: int) -> Text:
    """One line, no wider than ``width``: when, what came, what it was answered, and why."""
    local = one.time.astimezone()
    line = Text.assemble(
        (f"{local:%H:%M:%S}.{local.microsecond // 1000:03d} ", "dim"),
        (f"{one.status or '–':>3} ", _STATUS_STYLES.get(one.status // 100, "dim")),
        (f"{millis(one.seconds):>6} ", "dim"),
    )
    wide = width >= _NARROW
    tail = f" {one.client:<{_CLIENT}.{_CLIENT}} {one.id}" if wide else f" {one.id[:_SHORT_ID]}"
    left = max(width - _FIXED - len(tail) - 1, 24)
    said = _said(one, wide=wide)
    # What was decided stands below each other, unless it is too long for that.
    room = max(min(left * 11 // 20, left - len(said.plain) - 1), 12) if said.plain else left
    asked = f"{one.method} {one.path}{'?' + one.query if one.query else ''}"
    shown = Text(asked, "" if one.outcome == "admitted" else "bold")
    shown.truncate(room, overflow="ellipsis", pad=True)
    said.truncate(max(left - room - 1, 0), overflow="ellipsis", pad=True)
    return Text.assemble(line, shown, " ", said, (tail, "dim"))


def _said(one: Decision, *, wide: bool) -> Text:
    """What was decided, in a few words; nothing of what simply passed where there is no room."""
    if one.outcome == "refused":
        said = Text.assemble(("✗ ", "red"), (one.rule, "bold red"))
        if one.reason not in _USUAL:
            said.append(f" {one.reason}", "red")
    elif one.outcome == "degraded":
        said = Text.assemble(("↺ ", "magenta"), (one.fallback, "magenta"), f" for {one.reason}")
    elif one.outcome == "failed":
        said = Text.assemble(("! ", "red"), (one.reason or f"from {one.endpoint}", "red"))
    else:
        said = Text(
            f"→ {one.endpoint or one.upstream}" if wide and not one.would_refuse else "", "dim"
        )
    if one.attempts > 1:
        said.append(f" ×{one.attempts}", "yellow")
    if one.would_refuse:
        said.append(f"{' ' if said.plain else ''}~ {', '.join(one.would_refuse)}", "cyan")
    return said


def lost_line(count: int) -> Text:
    """What the looker-on was too slow for."""
    return Text(f"… {count} more, which there was no time to show", "yellow")
