"""Plays the acts one after another, and tells of each."""

from __future__ import annotations

from collections.abc import Sequence

from demo_services.check import Check
from demo_services.shop.story.acts.act import Act
from demo_services.shop.story.screen import Screen
from demo_services.shop.story.stage import Stage
from demo_services.shop.story.telling import Told


def tell(stage: Stage, acts: Sequence[Act], screen: Screen) -> None:
    """Play all of them; a promise that is broken ends nothing."""
    for act in acts:
        screen.begin(act.name, act.title)
        told = _play(stage, act)
        stage.story.acts.append(told)
        stage.story.moments.sort(key=lambda moment: moment.at)
        screen.end(told, governed=stage.story.governed)
        if act.aloud:
            screen.quotes(told)


def _play(stage: Stage, act: Act) -> Told:
    stage.act = act.name
    began = stage.now
    act.play(stage)
    ended = stage.now
    checks: tuple[Check, ...] = ()
    if stage.story.governed:
        checks = tuple(act.checks(stage))
    return Told(
        name=act.name,
        title=act.title,
        began=began,
        ended=ended,
        checks=checks,
        report=act.report,
        gist=act.gist(),
        quotes=act.quotes,
    )
