"""What may be changed on a running sidecar; each change has an end or can be taken back."""

from __future__ import annotations

from typing import Final

from sidecar.admin import answers as a
from sidecar.admin import wished as w
from sidecar.admin.operation import Call, Operation
from sidecar.admin.questions import draining
from sidecar.admin.refusal import Refused
from sidecar.admin.rules_view import control_answer
from sidecar.model.reading import closest
from sidecar.ruleset.controls import What
from sidecar.telemetry.access_log import LEVELS

_NO_SUCH: Final = {404: "Nothing is called so.", 422: "A wish that cannot be."}
_TAKES: Final = {
    413: "A wish that is too long.", 415: "A body that is no JSON.", 422: "A wish that cannot be.",
}  # fmt: skip


async def _override(call: Call) -> a.ControlAnswer:
    wish: w.OverrideWish = call.wish
    control = await call.steering.override(wish.rules, wish.mode, wish.for_, call.why, call.actor)
    return control_answer(control, call.inside)


async def _lift_override(call: Call) -> a.ControlAnswer:
    target = call.asked("rules")
    if not target:
        raise Refused(422, "name the override to lift: ?rules=GLOB")
    return await _lift(call, What.OVERRIDE, target)


async def _switch(call: Call) -> a.ControlAnswer:
    wish: w.SwitchWish = call.wish
    if not wish.on:
        return await _lift(call, What.SWITCH, call.part("name"))
    control = await call.steering.turn_on(call.part("name"), wish.for_, call.why, call.actor)
    return control_answer(control, call.inside)


async def _breaker(call: Call) -> a.ControlAnswer:
    wish: w.BreakerWish = call.wish
    control = await call.steering.force(
        call.part("name"), wish.state, wish.for_, call.why, call.actor
    )
    return control_answer(control, call.inside)


async def _release_breaker(call: Call) -> a.ControlAnswer:
    return await _lift(call, What.BREAKER, call.part("name"))


async def _lift(call: Call, what: What, target: str) -> a.ControlAnswer:
    lifted = await call.steering.lift(what, target, call.why, call.actor)
    return control_answer(lifted, call.inside)


async def _log_level(call: Call) -> a.LogLevel:
    wish: w.LogLevelWish = call.wish
    level = wish.level.upper()
    if level not in LEVELS:
        meant = closest(level, LEVELS)
        hint = f"; did you mean {meant}?" if meant else ""
        raise Refused(422, f"'{wish.level}' is no level: write {' or '.join(LEVELS)}{hint}", LEVELS)
    inside = call.inside
    inside.log.level = level
    inside.audit.record("log_level", "log", level, "done", actor=call.actor, why=call.why)
    return a.LogLevel(level=level)


async def _drain(call: Call) -> a.Drain:
    wish: w.DrainWish = call.wish
    inside, actor = call.inside, call.actor
    setting = "stop" if wish.stop else "on" if wish.draining else "off"
    inside.audit.record("drain", "sidecar", setting, "done", actor=actor, why=call.why)
    inside.log.log_event(
        "sidecar.control", "WARN", f"drain {setting}: done by {actor.name}",
        changed="drain", target="sidecar", setting=setting, result="done", by=actor.name,
    )  # fmt: skip
    if wish.stop:
        inside.stop()
    else:
        inside.readiness.by_hand = wish.draining
    return draining(inside)


WISHES: Final = (
    Operation(
        "POST", "/v1/overrides", "Give rules another mode, for a while", _override,
        a.ControlAnswer, w.OverrideWish, problems={404: "No rule fits.", **_TAKES},
    ),
    Operation(
        "DELETE", "/v1/overrides", "Lift an override", _lift_override, a.ControlAnswer,
        query={"rules": "The glob of the override.", "why": "The reason."}, problems=_NO_SUCH,
    ),
    Operation(
        "PUT", "/v1/switches/{name}", "Turn a switch on for a while, or off", _switch,
        a.ControlAnswer, w.SwitchWish, problems={404: "No switch is called so.", **_TAKES},
    ),
    Operation(
        "PUT", "/v1/breakers/{name}", "Hold a breaker open or closed, for a while", _breaker,
        a.ControlAnswer, w.BreakerWish, problems={404: "No breaker is called so.", **_TAKES},
    ),
    Operation(
        "DELETE", "/v1/breakers/{name}", "Let a breaker decide by itself again",
        _release_breaker, a.ControlAnswer, query={"why": "The reason."}, problems=_NO_SUCH,
    ),
    Operation(
        "PUT", "/v1/log-level", "Log from this level on", _log_level, a.LogLevel,
        w.LogLevelWish, problems=_TAKES,
    ),
    Operation(
        "PUT", "/v1/drain", "Ask for no new requests, or for them again; or stop", _drain,
        a.Drain, w.DrainWish, problems=_TAKES,
    ),
)  # fmt: skip
