"""Who was told of what, and whether it was right: nothing on a quiet day, and an outage at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from demo_services.check import Check
from demo_services.shop.story.acts.limits import Quiet
from demo_services.shop.story.acts.outage import Outage
from demo_services.shop.story.notices import Notice, Notices, ended
from demo_services.shop.story.stage import Stage, wait_until
from demo_services.shop.story.telling import Told


class Expected(NamedTuple):
    """Alerts of a kind about a service, for somebody: ``page`` or ``ticket``."""

    name: str
    service: str
    to: str


#: What the outage makes fire. Tickets about objectives look at minutes and last as long.
OF_AN_OUTAGE: Final = (
    Expected("SidecarBreakerOpen", "storefront", "ticket"),
    Expected("SidecarDegraded", "storefront", "ticket"),
    Expected("SidecarSloBurn", "order", "page"),
)
#: From the beginning of the act; a second later the inventory is slow.
_WITHIN_SECONDS: Final = 20.0
#: What an alert holds on to, and what Alertmanager gathers before it tells.
_OVER_SECONDS: Final = 40.0
_SAID: Final = ("why", "source", "owner", "summary")


class Herald:
    """Tells the story of notices as they come."""

    def __init__(self, stage: Stage, notices: Notices) -> None:
        self._stage = stage
        self._notices = notices
        self._told = 0

    def tell(self) -> None:
        """Whatever came since this was last called."""
        new = self._notices.all[self._told :]
        self._told += len(new)
        for one in new:
            self._stage.note(self._stage.at(one.at), one.words())


def alerted(stage: Stage, notices: Notices) -> Told:
    """Told like an act, after all others; waits for what the outage fired to end."""
    checks = list(_checks(stage, notices))
    stage.listen()
    stage.story.moments.sort(key=lambda moment: moment.at)
    fired = [one for one in notices.all if one.fires]
    pages = len({one.key for one in fired if one.to == "page"})
    return Told(
        name="alerts",
        title="who was told of what, and for how long",
        began=0.0,
        ended=0.0,
        checks=tuple(checks),
        report=None,
        gist=f"pages: {pages}, tickets: {len({one.key for one in fired}) - pages}",
        quotes=tuple(_quoted(one) for one in fired[:1]),
    )


def _checks(stage: Stage, notices: Notices) -> Iterator[Check]:
    acts = {act.name: act for act in stage.story.acts}
    if quiet := acts.get(Quiet.name):
        yield _nobody(stage, notices.all, until=quiet.ended)
    if outage := acts.get(Outage.name):
        yield _told_of(stage, notices, outage)
        yield _over(stage, notices, outage)
    yield _whole([one for one in notices.all if one.fires])


def _nobody(stage: Stage, notices: Sequence[Notice], until: float) -> Check:
    told = [one for one in notices if one.fires and stage.at(one.at) <= until]
    return Check(
        "nobody is told anything on an ordinary day",
        not told,
        ", ".join(f"{one.name} of {one.about}" for one in told) or "nothing was told",
    )


def _of_the_outage(stage: Stage, notices: Notices, outage: Told) -> dict[Expected, Notice]:
    """The first notice of each of its alerts, once it had begun."""
    found: dict[Expected, Notice] = {}
    for one in notices.all:
        kind = Expected(one.name, one.service, one.to)
        if one.fires and kind in OF_AN_OUTAGE and stage.at(one.at) >= outage.began:
            found.setdefault(kind, one)
    return found


def _told_of(stage: Stage, notices: Notices, outage: Told) -> Check:
    deadline = outage.began + _WITHIN_SECONDS
    left = max(0.1, deadline - stage.now)
    wait_until(lambda: len(_of_the_outage(stage, notices, outage)) == len(OF_AN_OUTAGE), left)
    found = _of_the_outage(stage, notices, outage)
    after = {kind: stage.at(one.at) - outage.began for kind, one in found.items()}
    in_words = [
        f"{one.name} of {one.service} after {after[one]:.1f} s"
        if one in after
        else f"{one.name} of {one.service}: nobody was told"
        for one in OF_AN_OUTAGE
    ]
    is_kept = len(after) == len(OF_AN_OUTAGE) and max(after.values()) <= _WITHIN_SECONDS
    return Check(
        f"within {_WITHIN_SECONDS:g} s whoever is concerned is told of the outage",
        is_kept,
        ", ".join(in_words),
    )


def _over(stage: Stage, notices: Notices, outage: Told) -> Check:
    keys = {one.key for one in _of_the_outage(stage, notices, outage).values()}
    left = max(0.1, outage.ended + _OVER_SECONDS - stage.now)
    wait_until(lambda: keys <= ended(notices.all).keys(), left)
    over = {key: at for key, at in ended(notices.all).items() if key in keys}
    last = max((stage.at(at) - outage.ended for at in over.values()), default=0.0)
    return Check(
        f"and, within {_OVER_SECONDS:g} s of its end, that it is over",
        bool(keys) and len(over) == len(keys),
        f"{len(over)} of {len(keys)} have ended, the last one {last:.1f} s after it",
    )


def _whole(fired: Sequence[Notice]) -> Check:
    lacking = [
        f"{one.name} of {one.about} says no {name}"
        for one in fired
        for name in _SAID
        if not one.alert.annotations.get(name)
    ]
    return Check(
        "every alert says its rule, file and line, owner and why",
        not lacking,
        ", ".join(lacking) or f"{len(fired)} were told",
    )


def _quoted(one: Notice) -> str:
    told = one.alert.annotations
    lines = (
        f"  {name}: {told[name]}" for name in ("summary", "description", "why") if name in told
    )
    return "\n".join((one.words(), *lines))
