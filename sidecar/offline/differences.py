"""What changes for traffic between two rule files, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sidecar.model.policy import Mode
from sidecar.ruleset.reload import needs_restart
from sidecar.ruleset.schema import RULE_KINDS

if TYPE_CHECKING:
    from sidecar.model.spec import RuleSpec
    from sidecar.ruleset.check import Checked
    from sidecar.ruleset.nodes import Path


class Effect(StrEnum):
    """What a change does to requests."""

    STRICTER = "stricter"
    LOOSER = "looser"
    OTHER = "different"
    RESTART = "needs a restart"
    NONE = "no effect on requests"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    #: ``rate_limits/each`` or a dotted field of a setting.
    about: str
    words: str
    effect: Effect
    #: ``file:line`` in the new file, or in the old one of what is gone.
    source: str


#: Fields of rules where more lets more through.
_MORE_IS_LOOSER: Final = frozenset({"limit", "burst", "at_most", "wait_at_most"})
#: Lists, and what an entry more does.
_LISTS: Final = {"deny": Effect.STRICTER, "allow": Effect.LOOSER, "exempt": Effect.LOOSER}
#: Fields that nobody's request feels.
_WITHOUT_EFFECT: Final = frozenset({"why", "labels"})
#: Sections that nobody's request feels.
_UNFELT: Final = frozenset({"slo", "owner"})
#: The section of what people are told, which is compared entry by entry.
_ALERTS: Final = "alerts"
#: Changing these makes a rule begin anew, for what it knew belonged to other values.
_STARTS_ANEW: Final = frozenset({"per"})
_MODES: Final = {
    (Mode.SHADOW, Mode.ENFORCE): ("begins to act; it knows what it has counted", Effect.STRICTER),
    (Mode.ENFORCE, Mode.SHADOW): ("acts no more, and goes on counting", Effect.LOOSER),
    (Mode.DISABLED, Mode.ENFORCE): ("begins to act, and to count", Effect.STRICTER),
    (Mode.DISABLED, Mode.SHADOW): ("begins to count, and refuses nobody", Effect.NONE),
    (Mode.ENFORCE, Mode.DISABLED): ("acts no more, and counts no more", Effect.LOOSER),
    (Mode.SHADOW, Mode.DISABLED): ("counts no more", Effect.NONE),
}


def differences(old: Checked, new: Checked) -> list[Change]:
    """Every difference between two files without errors, in the order of the language."""
    if old.file is None or new.file is None:
        raise ValueError("files with errors are not compared")
    stuck = {one.message for one in needs_restart(old.file, new)}
    changes = [*_settings(old, new, stuck), *_alerts(old, new)]
    for kind in RULE_KINDS:
        changes += _rules(kind, old, new)
    return changes


# --- settings


def _settings(old: Checked, new: Checked, stuck: set[str]) -> Iterator[Change]:
    before, after = (_flat(one.document.data) for one in (old, new))
    for path in dict.fromkeys([*before, *after]):
        was, now = before.get(path), after.get(path)
        if was == now or _is_told_already(path, was, now):
            continue
        restart = any(message.startswith(_parents(path)) for message in stuck)
        effect = Effect.NONE if path[0] in _UNFELT else Effect.OTHER
        effect = Effect.RESTART if restart else effect
        source = _source(new, path) if path in after else _source(old, path)
        yield Change(".".join(map(str, path)), _changed(was, now), effect, source)


def _is_told_already(path: Path, was: object, now: object) -> bool:
    """Whether another order is only that of an entry that came or went."""
    if path[-1] != "order":
        return False
    return _as_set(was) != _as_set(now)


def _parents(path: Path) -> tuple[str, ...]:
    """What a message about this field, or about a map that it is in, begins with."""
    return tuple(".".join(map(str, path[:length])) + " " for length in range(1, len(path) + 1))


def _flat(value: object, path: Path = ()) -> dict[Path, object]:
    """The settings by their place: everything that is no rule. Named entries stay whole."""
    if isinstance(value, dict):
        flat: dict[Path, object] = {}
        for name, below in value.items():
            if path or name not in {*RULE_KINDS, _ALERTS}:
                flat |= _flat(below, (*path, name))
        return flat
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        named = [one.get("name", index) for index, one in enumerate(value)]
        order = {(*path, "order"): named} if len(value) > 1 else {}
        return order | {(*path, name): one for name, one in zip(named, value, strict=True)}
    return {path: value}


def _changed(was: object, now: object) -> str:
    if was is None:
        return f"is now {_shown(now)}"
    if now is None:
        return f"is left out; it was {_shown(was)}"
    if isinstance(was, list) and isinstance(now, list):
        return _moved(was, now) or "stands in another order"
    return f"{_shown(was)} → {_shown(now)}"


def _moved(was: list[Any], now: list[Any]) -> str:
    """What came and what went; empty where only the order is another."""
    came = [f"+ {_shown(one)}" for one in now if one not in was]
    went = [f"- {_shown(one)}" for one in was if one not in now]
    return ", ".join([*came, *went])


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_shown(one)}" for name, one in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# --- alerts


def _alerts(old: Checked, new: Checked) -> Iterator[Change]:
    """Whom alerts tell of what; no request feels any of it."""
    was, now = _entries(old), _entries(new)
    if was == now:
        return
    if not was or not now:
        words = f"{_told_of(was)} → {_told_of(now)}"
        source = _source(new if now is not None else old, (_ALERTS,))
        yield Change(_ALERTS, words, Effect.NONE, source)
        return
    for name, entry in was.items():
        if name not in now:
            words = f"is gone: nobody is told of {entry['kind']}"
            yield Change(f"{_ALERTS}/{name}", words, Effect.NONE, _source(old, (_ALERTS, name)))
    for name, entry in now.items():
        yield from _alert(name, was.get(name), entry, new)


def _alert(
    name: str, was: Mapping[str, object] | None, now: Mapping[str, object], new: Checked
) -> Iterator[Change]:
    about = f"{_ALERTS}/{name}"
    if was is None:
        words = f"is new, about {now['kind']}"
        yield Change(about, words, Effect.NONE, _source(new, (_ALERTS, name)))
        return
    for field in dict.fromkeys([*was, *now]):
        if was.get(field) != now.get(field):
            words = f"{field}: {_changed(was.get(field), now.get(field))}"
            yield Change(about, words, Effect.NONE, _source(new, (_ALERTS, name, field)))


def _entries(checked: Checked) -> dict[str, Mapping[str, object]] | None:
    """The entries as the file has them, by name; None where it leaves the usual ones."""
    written = checked.document.data.get(_ALERTS)
    return {str(one["name"]): one for one in written} if isinstance(written, list) else None


def _told_of(entries: Mapping[str, object] | None) -> str:
    if entries is None:
        return "the usual alerts"
    return ", ".join(entries) or "no alerts at all"


# --- rules


@dataclass(frozen=True, slots=True)
class _Side:
    """The rules of one kind in one file."""

    checked: Checked
    kind: str

    def specs(self) -> dict[str, tuple[int, RuleSpec]]:
        """Each with its place in the list."""
        rules = getattr(self.checked.file, self.kind)
        return {spec.name: (index, spec) for index, spec in enumerate(rules)}

    def written(self, index: int) -> Mapping[str, object]:
        """The fields as the file has them."""
        entries = self.checked.document.data[self.kind]
        return entries[index] if isinstance(entries, list) else {}

    def source(self, index: int, *field: str | int) -> str:
        """The line of a rule, or of one of its fields."""
        return _source(self.checked, (self.kind, index, *field))


def _rules(kind: str, old: Checked, new: Checked) -> Iterator[Change]:
    before, after = _Side(old, kind), _Side(new, kind)
    was, now = before.specs(), after.specs()
    for name, (index, spec) in was.items():
        if name not in now:
            effect = Effect.LOOSER if spec.mode is Mode.ENFORCE else Effect.NONE
            words = "is gone, and what it knew is forgotten"
            yield Change(f"{kind}/{name}", words, effect, before.source(index))
    for name, (index, spec) in now.items():
        about = f"{kind}/{name}"
        if name not in was:
            effect = Effect.STRICTER if spec.mode is Mode.ENFORCE else Effect.NONE
            words = f"is new, in mode {spec.mode.value}"
            yield Change(about, words, effect, after.source(index))
        else:
            place, earlier = was[name]
            yield from _rule(about, (before, place, earlier), (after, index, spec))
    common = [name for name in was if name in now]
    if common != [name for name in now if name in was]:
        yield Change(kind, "the rules stand in another order", Effect.OTHER, after.source(0))


_Placed = tuple[_Side, int, "RuleSpec"]


def _rule(about: str, old: _Placed, new: _Placed) -> Iterator[Change]:
    before, place, earlier = old
    after, index, spec = new
    was, now = before.written(place), after.written(index)
    if earlier.mode is not spec.mode:
        words, effect = _MODES[earlier.mode, spec.mode]
        yield Change(about, words, effect, after.source(index, "mode"))
    flat_was, flat_now = _flat(was, ("",)), _flat(now, ("",))
    for path in dict.fromkeys([*flat_was, *flat_now]):
        one, other = flat_was.get(path), flat_now.get(path)
        if one == other or path[1] == "mode":
            continue
        words = f"{'.'.join(map(str, path[1:]))}: {_changed(one, other)}"
        if path[1] in _STARTS_ANEW:
            words += "; it begins anew"
        effect = _effect(str(path[1]), (earlier, spec), (one, other))
        yield Change(about, words, effect, after.source(index, *path[1:]))


def _effect(field: str, specs: tuple[RuleSpec, RuleSpec], written: tuple[object, object]) -> Effect:
    if field in _WITHOUT_EFFECT or specs[1].mode is not Mode.ENFORCE:
        return Effect.NONE
    if field in _MORE_IS_LOOSER:
        was, now = (_amount(getattr(spec, field, None)) for spec in specs)
        if was is not None and now is not None and was != now:
            return Effect.LOOSER if now > was else Effect.STRICTER
    if field in _LISTS:
        was_listed, now_listed = map(_as_set, written)
        if was_listed < now_listed:
            return _LISTS[field]
        if now_listed < was_listed:
            return Effect.LOOSER if _LISTS[field] is Effect.STRICTER else Effect.STRICTER
    return Effect.OTHER


def _as_set(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    return frozenset(map(_shown, value if isinstance(value, list) else [value]))


def _amount(value: object) -> float | None:
    per_second = getattr(value, "per_second", value)
    return float(per_second) if isinstance(per_second, int | float) else None


def _source(checked: Checked, path: Path) -> str:
    """``file:line`` of a value; names stand for places in lists of named entries."""
    document = checked.document
    data: object = document.data
    way: list[str | int] = []
    for part in path:
        if isinstance(data, list):
            names = [one.get("name") if isinstance(one, dict) else None for one in data]
            step: str | int = names.index(part) if part in names else part
            data = data[step] if isinstance(step, int) and step < len(data) else None
        else:
            step = part
            data = data.get(part) if isinstance(data, dict) else None
        way.append(step)
    return f"{document.name}:{document.span(tuple(way)).line}"
