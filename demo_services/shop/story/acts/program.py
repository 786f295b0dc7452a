"""All acts in their order, and the choice that somebody makes among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from demo_services.shop.story.acts.act import Act
from demo_services.shop.story.acts.edits import Scalper, Shadow, Typo
from demo_services.shop.story.acts.hands import Explain, Override
from demo_services.shop.story.acts.limits import Greedy, Quiet, Sale
from demo_services.shop.story.acts.outage import Outage
from demo_services.shop.story.acts.traced import Traced

PROGRAM: Final[tuple[type[Act], ...]] = (
    Quiet,
    Sale,
    Greedy,
    Outage,
    Scalper,
    Typo,
    Shadow,
    Traced,
    Explain,
    Override,
)
NAMES: Final = tuple(act.name for act in PROGRAM)


def chosen(names: Sequence[str], *, governed: bool) -> list[Act]:
    """The acts of these names, all of them for none; the quiet one always comes first.

    Without sidecars those that are about rules are left out. Raises ValueError for a name that
    there is not.
    """
    if unknown := set(names) - set(NAMES):
        raise ValueError(f"no act {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    wanted = {Quiet.name, *names} if names else set(NAMES)
    return [act() for act in PROGRAM if act.name in wanted and (governed or act.bare)]
