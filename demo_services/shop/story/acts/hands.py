"""Acts of an operator at a terminal: why was this refused, and let it be for a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from demo_services.check import Check
from demo_services.shop.story.acts.act import Act
from demo_services.shop.story.acts.limits import EACH_USER
from demo_services.shop.story.asking import Reply
from demo_services.shop.story.customers import CUSTOMERS, crowd, one_user, steps
from demo_services.shop.story.layout import STOREFRONT
from demo_services.shop.story.operating import Said, sidecar
from demo_services.shop.story.promises import nobody_refused, nothing_failed
from demo_services.shop.story.stage import Cue, Stage

CURIOUS: Final = "curious-1"
EAGER: Final = "eager-1"

_ASKS_AT_MOST: Final = 40
_TRIES: Final = 5
_EAGER_PER_SECOND: Final = 30
_OTHERS_PER_SECOND: Final = 30
#: Asked for after one second. It holds for so long that a whole second surely lies within it.
_FOR_SECONDS: Final = 3.0
_OVERRIDE: Final = ("override", f"rate_limits/{EACH_USER}", "--mode", "shadow", "--for", "3s")
_SECONDS: Final = 8.0
#: It is in force a while before the command that asked for it has ended, and so ends earlier.
_COMMAND_SECONDS: Final = 0.9
_SLACK_SECONDS: Final = 0.1


class Explain(Act):
    """A customer wants to know why."""

    name: ClassVar[str] = "explain"
    title: ClassVar[str] = "a customer asks why: one refusal explained by its id"
    aloud: ClassVar[bool] = True

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        self.reply: Reply | None = None
        self.said: Said | None = None
        for _ in range(_ASKS_AT_MOST):
            reply = stage.ask("/products/1", CURIOUS)
            if reply.status == 429:
                self.reply = reply
                break
        if self.reply is not None:
            number = self.reply.fields.get("x-sidecar-decision", "")
            directory = stage.shop.state_directory(STOREFRONT)
            for _ in range(_TRIES):
                # What was decided is put down off the path of requests, a moment later.
                self.said = said = sidecar(directory, "explain", number)
                folder = f"{stage.shop.rules.path(STOREFRONT).parent}/"
                self.quotes = (_head(self.reply), said.quote.replace(folder, ""))
                if said.status == 0:
                    break

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        reply, said = self.reply, self.said
        yield Check(
            "the refusal says when to come back, and an id",
            reply is not None and {"retry-after", "x-sidecar-decision"} <= reply.fields.keys(),
            "no refusal" if reply is None else f"{reply.status}, {', '.join(sorted(reply.fields))}",
        )
        yield Check(
            "the client is not told which rule it has to get around",
            reply is not None and EACH_USER.encode() not in reply.body,
            "" if reply is None else reply.body.decode(errors="replace").strip(),
        )
        line = stage.shop.rules.line_of(STOREFRONT, f"name: {EACH_USER}")
        yield Check(
            "the operator is told the rule, its numbers and its line",
            said is not None
            and said.status == 0
            and EACH_USER in said.text
            and f"storefront.rules.yaml:{line}" in said.text,
            "nothing was asked" if said is None else f"status {said.status}, line {line}",
        )

    def gist(self) -> str:
        """Part of Act."""
        if self.reply is None:
            return "nothing was refused"
        return f"decision {self.reply.fields.get('x-sidecar-decision', '?')}: {EACH_USER}"


class Override(Act):
    """The panic lever."""

    name: ClassVar[str] = "override"
    title: ClassVar[str] = "the panic lever: a limit goes into shadow by hand, and ends by itself"

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        seed = stage.story.seed
        directory = stage.shop.state_directory(STOREFRONT)
        said: list[Said] = []

        def pull() -> None:
            said.append(sidecar(directory, *_OVERRIDE))
            self.since = stage.now

        self.since = 0.0
        self.report = stage.offer(
            [
                crowd(CUSTOMERS, steps(self.name, _SECONDS, _OTHERS_PER_SECOND), seed),
                one_user(EAGER, steps(self.name, _SECONDS, _EAGER_PER_SECOND), seed),
            ],
            [Cue(1, f"sidecar {' '.join(_OVERRIDE)}", pull)],
        )
        self.said = said[0] if said else None
        self.quotes = tuple(one.quote for one in said)
        self.refused = self._refused(stage)

    def _refused(self, stage: Stage) -> dict[str, list[int]]:
        """What the eager one was refused in whole seconds before, while it held, and after."""
        until = self.since + _FOR_SECONDS
        found: dict[str, list[int]] = {"before": [], "meanwhile": [], "after": []}
        instants = [one for one in stage.story.instants if one.act == self.name]
        for number, one in enumerate(instants):
            [refused] = [part.refused for part in one.second.clients if part.client == EAGER]
            if number == 0:
                found["before"].append(refused)
            elif self.since <= one.at - 1 and one.at <= until - _COMMAND_SECONDS:
                found["meanwhile"].append(refused)
            elif one.at - 1 >= until + _SLACK_SECONDS:
                found["after"].append(refused)
        return found

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        report, said = self.played(), self.said
        yield Check(
            "the lever can be pulled",
            said is not None and said.status == 0,
            "it was not" if said is None else said.text.strip(),
        )
        before, meanwhile, after = self.refused.values()
        yield Check(
            "the limit holds before, not while it is in shadow, and again when that has ended",
            any(before) and bool(meanwhile) and not any(meanwhile) and any(after),
            self._in_words(),
        )
        yield nobody_refused(report.select(client=CUSTOMERS), "nobody else is refused")
        yield nothing_failed(report.phases)

    def gist(self) -> str:
        """Part of Act."""
        return self._in_words()

    def _in_words(self) -> str:
        counts = (
            f"{'+'.join(map(str, count)) or '?'} {when}" for when, count in self.refused.items()
        )
        return "refused by the second: " + ", ".join(counts)


def _head(reply: Reply) -> str:
    """The refusal as its client got it."""
    shown = ("retry-after", "ratelimit", "ratelimit-policy", "content-type", "x-sidecar-decision")
    fields = [f"{name}: {reply.fields[name]}" for name in shown if name in reply.fields]
    return "\n".join([f"HTTP/1.1 {reply.status}", *fields, "", reply.body.decode().strip()])
