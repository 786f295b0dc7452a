"""What an exchange keeps once a fallback has taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sidecar.model.outcome import NOTHING_HEARD, Failure, Heard, Outcome, classify
from sidecar.proxy.chain import Passage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.ruleset.routes import Clause, Route


class Before(NamedTuple):
    """How the request's own upstream ended."""

    failure: Failure | None = None
    heard: Heard = NOTHING_HEARD
    was_asked: bool = False


#: It was not asked.
NOT_ASKED: Final = Before()


class Detour(Passage):
    """The way through a fallback's steps, and how the upstream had ended before.

    What gates of another upstream hand out on the way is kept here, apart from what those of the
    request's own upstream did: each is told how its own upstream ended.
    """

    def __init__(
        self,
        clause: Clause[Any],
        why: str,
        route: Route,
        otherwise: Callable[[], None],
        before: Before,
    ) -> None:
        #: The rule that has taken over; None again when all of its steps have failed.
        self.clause: Clause[Any] | None = clause
        self.name: bytes = clause.policy.name
        #: The reason of the refusal or the failure.
        self.why = why
        #: The route of the request's own upstream.
        self.route = route
        #: Gives the answer that there is without a fallback.
        self.otherwise = otherwise
        #: The step that is tried, counted from 0, and what it is called in metrics.
        self.next_step = 0
        self.label = "none"
        #: Attempts that were made before the step.
        self.attempts = 0
        self._before = before

    def outcome(self, status: int, seconds: float) -> Outcome:
        """How the request's own upstream ended; ``status`` is what the client got."""
        failure, heard, was_asked = self._before
        return classify(status, seconds, failure, local=not was_asked, heard=heard)
