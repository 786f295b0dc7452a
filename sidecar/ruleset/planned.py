"""The parts of the rule language that this version does not have.

They are refused by name, so that nobody hunts for a typing error in a word that is right.
"""

from __future__ import annotations

from typing import Final

#: Fields, with ``*`` for a name that the admin chooses; places in lists are left out.
_FIELDS: Final = frozenset({
    "stores",
    "cache",
    "peak_shaving",
    "retries.hedge_after",
    "fallbacks.try.up_to",
    "traffic",
    "compensations",
    "upstreams.*.file",
    "upstreams.*.registry",
    "upstreams.*.targets.file",
    "upstreams.*.targets.registry",
    "upstreams.*.warm_up",
    "upstreams.*.zones",
    "upstreams.*.hash_by",
    "rate_limits.applies_to",
    "rate_limits.fleet",
    "rate_limits.scope",
    "rate_limits.strict",
    "concurrency.algorithm",
    "concurrency.max",
    "concurrency.min",
    "concurrency.tolerance",
})  # fmt: skip

#: Words that a field which exists does not take yet.
_WORDS: Final = {
    "fallbacks.try.serve": frozenset({"stale_cache"}),
    "upstreams.*.balance": frozenset({"ring_hash", "maglev"}),
}  # fmt: skip

#: Sections whose entries have names that the admin chooses.
_NAMED: Final = (("upstreams",), ("keys",))


def _form(names: tuple[str, ...]) -> str:
    """The dotted form of a way through maps, with a star for what the admin has named."""
    for named in _NAMED:
        depth = len(named)
        if names[:depth] == named and len(names) > depth + 1:
            return ".".join((*named, "*", *names[depth + 1 :]))
    return ".".join(names)


def is_planned_field(names: tuple[str, ...]) -> bool:
    """Whether the field at the end of this way through maps is part of a later version."""
    return _form(names) in _FIELDS


def is_planned_word(names: tuple[str, ...], word: object) -> bool:
    """Whether the field takes this word in a later version."""
    return isinstance(word, str) and word in _WORDS.get(_form(names), ())


def planned_beside(names: tuple[str, ...]) -> list[str]:
    """The planned fields that could stand in the map at the end of this way."""
    prefix = _form((*names, "")).rpartition(".")[0]
    return [name.rpartition(".")[2] for name in _FIELDS if name.rpartition(".")[0] == prefix]
