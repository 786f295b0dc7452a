"""Who changes something, in a word and in what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody: a user of this machine, the holder of a token, or the sidecar itself."""

    name: str
    details: dict[str, str | int] = field(default_factory=dict)


#: What happens without anybody asking for it.
ITSELF: Final = Actor("sidecar")
#: What was saved into the rule file; who did that is not known here.
THE_FILE: Final = Actor("rule file")
