"""What operators may change: checked, put in force at once, kept over restarts, and audited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from pydantic_core import PydanticCustomError

from sidecar.admin.actor import ITSELF, Actor
from sidecar.admin.inside import Inside
from sidecar.admin.kept import FILE_NAME, Unusable, keep, kept
from sidecar.admin.refusal import Refused
from sidecar.model.policy import Mode
from sidecar.model.quantities import parse_duration
from sidecar.model.reading import closest
from sidecar.ruleset.controls import Control, What, fits
from sidecar.telemetry.clock import moment, wall_offset

#: Nothing that is set by hand holds longer: what should, belongs into the rule file.
LONGEST_SECONDS: Final = 86400.0
_BREAKER_STATES: Final = ("open", "closed")
_MODES: Final = tuple(mode.value for mode in Mode)


class Steering:
    """The hands on the wheel."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._path = inside.state_dir / FILE_NAME
        # Whoever writes the file writes the latest, one after another.
        self._writing = asyncio.Lock()

    # --- wishes

    async def override(
        self, pattern: str, mode: str, length: str, why: str, actor: Actor
    ) -> Control:
        """Give every rule that the glob fits another mode, for a while."""
        _one_of(mode, _MODES, "a mode")
        labels = self.labels()
        if not any(fits(pattern, label) for label in labels):
            raise Refused(404, _no_such("rule", pattern, labels), labels)
        return await self._put(What.OVERRIDE, pattern, mode, length, why, actor)

    async def turn_on(self, name: str, length: str, why: str, actor: Actor) -> Control:
        """Turn a switch on, for a while."""
        _known(name, self.switches(), "switch")
        return await self._put(What.SWITCH, name, "on", length, why, actor)

    async def force(self, name: str, state: str, length: str, why: str, actor: Actor) -> Control:
        """Hold a breaker open or closed, for a while."""
        _known(name, self.breakers(), "breaker")
        _one_of(state, _BREAKER_STATES, "a state to hold a breaker in")
        return await self._put(What.BREAKER, name, state, length, why, actor)

    async def lift(self, what: What, target: str, why: str, actor: Actor) -> Control:
        """Let something hold no more."""
        lifted = self._inside.live.lift(what, target)
        if lifted is None:
            active = [one.target for one in self._inside.live.controls.active(what)]
            raise Refused(404, _no_such(f"{what.value} in force", target, active), active)
        self._tell(lifted, "lifted", actor, why)
        await self._keep()
        return lifted

    # --- what there is

    def labels(self) -> list[str]:
        """``kind/name`` of every rule of the file."""
        return [f"{rule.kind}/{rule.name}" for _, rule in self._inside.live.file.rules]

    def breakers(self) -> list[str]:
        """The breakers of the file."""
        return [rule.name for _, rule in self._inside.live.file.rules if rule.kind == "breakers"]

    def switches(self) -> list[str]:
        """The switches of the file."""
        return list(self._inside.live.file.switches)

    # --- time, and restarts

    def ended(self, over: Iterable[Control]) -> None:
        """These have come to their end by themselves."""
        for control in over:
            self._tell(control, "ended", ITSELF, "its time is over")

    def restore(self, now: float, put: Callable[[Control], None]) -> None:
        """``put`` what held before a restart; what is there already stays as it is."""
        try:
            controls = kept(self._path, now, wall_offset(), LONGEST_SECONDS)
        except Unusable as error:
            self._inside.log.log_event(
                "sidecar.control", "ERROR", f"what was set by hand is forgotten: {error}"
            )
            return
        there = {(one.what, one.target) for one in self._inside.live.controls.active()}
        for control in controls:
            if (control.what, control.target) not in there:
                put(control)

    async def _put(
        self, what: What, target: str, setting: str, length: str, why: str, actor: Actor
    ) -> Control:
        until = time.monotonic() + _seconds(length)
        control = Control(what, target, setting, until, actor.name, why)
        self._inside.live.put(control)
        self._tell(control, "set", actor, why)
        await self._keep()
        return control

    def _tell(self, control: Control, result: str, actor: Actor, why: str) -> None:
        until = moment(control.until + wall_offset())
        what = control.what.value
        self._inside.audit.record(
            what, control.target, control.setting, result, actor=actor, why=why, until=until
        )
        text = f"{what} {control.target} {control.setting}: {result} by {actor.name}"
        text += f" until {until:%H:%M:%S} UTC" if result == "set" else ""
        self._inside.log.log_event(
            "sidecar.control", "WARN" if result == "set" else "INFO",
            f"{text}: {why}" if why else text,
            changed=what, target=control.target, setting=control.setting,
            result=result, by=actor.name,
        )  # fmt: skip

    async def _keep(self) -> None:
        async with self._writing:
            controls = self._inside.live.controls.active()
            try:
                await asyncio.to_thread(keep, self._path, controls, wall_offset())
            except OSError as error:
                text = f"what was set by hand holds, but not over a restart: {error}"
                self._inside.log.log_event("sidecar.control", "ERROR", text)


def _seconds(length: str) -> float:
    try:
        seconds = parse_duration(length)
    except PydanticCustomError as error:
        context = error.context or {}
        raise Refused(422, f"{context.get('problem')}: {context.get('hint')}") from error
    if seconds > LONGEST_SECONDS:
        detail = f"for {length} is too long: up to 24h, or change the rule file"
        raise Refused(422, detail)
    return seconds


def _one_of(word: str, words: Sequence[str], what: str) -> None:
    if word not in words:
        meant = closest(word, words)
        hint = f"; did you mean {meant}?" if meant else ""
        raise Refused(422, f"'{word}' is not {what}: write {' or '.join(words)}{hint}", words)


def _known(name: str, names: list[str], what: str) -> None:
    if name not in names:
        raise Refused(404, _no_such(what, name, names), names)


def _no_such(what: str, name: str, there_are: list[str]) -> str:
    if not there_are:
        return f"there is no {what}"
    meant = closest(name, there_are)
    shown = f"did you mean {meant}?" if meant else f"known: {', '.join(there_are[:8])}"
    return f"there is no {what} '{name}'; {shown}"
