"""Brings one thing after another to what is wanted, and says of each what came of it.

Every thing is looked at, compared, and written only where it differs. What may pass is tried again,
from the looking on: whatever was written in the meantime, by a request that seemed to fail or by
somebody else, is seen. What depends on something that is not there is not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from sidecar.provision.difference import Changed, differences
from sidecar.provision.grafana.server import Passing, Unwelcome
from sidecar.provision.grafana.wanted import Emptied, Found, Shelf, Wanted
from sidecar.provision.step import Refused, Step, What

#: How long is waited before another try.
WAITS: Final = (0.5, 2.0)
NOT_OURS: Final = "there is one of that name which is not ours: left alone"
_Read = TypeVar("_Read")
#: What came of comparing, and how to write what differs.
Compared = tuple[Step, Callable[[], None] | None]


class Settling:
    """One run."""

    def __init__(
        self, *, dry_run: bool, wait: Callable[[float], None], renew_secrets: bool = False
    ) -> None:
        self._dry_run = dry_run
        self._wait = wait
        self._renew_secrets = renew_secrets
        #: What is not as it should be.
        self._failed: set[str] = set()
        #: Why nothing more is asked.
        self._over = ""

    def settle(self, shelf: Shelf, wanted: Wanted) -> Step:
        """Have it there as it is wanted."""
        missing = [need for need in wanted.needs if need in self._failed]
        if missing:
            return self.refused(wanted.about, f"not done, for it needs: {', '.join(missing)}")
        return self.tried(wanted.about, lambda: self._compared(shelf, wanted))

    def read(self, look: Callable[[], _Read]) -> _Read:
        """What is there, with more than one try where another may help. Raises ``Refused``."""
        if self._over:
            raise Refused(f"not asked any more: {self._over}")
        try:
            return self._looked(look)
        except Refused as error:
            self._note(error)
            raise

    def remove(self, place: Emptied, key: str, about: str) -> Step:
        """Have it gone."""
        step = Step(What.DELETED, about, "wanted no more")
        return self.tried(about, lambda: (step, lambda: place.delete(key)))

    def refused(self, about: str, words: str) -> Step:
        """Something that could not be done."""
        self._failed.add(about)
        return Step(What.REFUSED, about, words)

    def tried(self, about: str, compare: Callable[[], Compared]) -> Step:
        """What came of it, with more than one try where another may help."""
        if self._over:
            return self.refused(about, f"not asked any more: {self._over}")
        begun: list[Step] = []
        for wait in WAITS:
            try:
                return self._once(compare, begun)
            except Passing:
                self._wait(wait)
            except Refused as error:
                return self._no(about, error)
        try:
            return self._once(compare, begun)
        except Refused as error:
            return self._no(about, error)

    def _looked(self, look: Callable[[], _Read]) -> _Read:
        for wait in WAITS:
            try:
                return look()
            except Passing:
                self._wait(wait)
        return look()

    def _once(self, compare: Callable[[], Compared], begun: list[Step]) -> Step:
        """One try; ``begun`` is what earlier ones have sent and got no answer to."""
        step, write = compare()
        if begun and step.what is What.UNCHANGED:
            return begun[0]
        if step.what is What.REFUSED:
            self._failed.add(step.about)
        if write is not None and not self._dry_run:
            begun.append(step)
            write()
        return step

    def _no(self, about: str, error: Refused) -> Step:
        self._note(error)
        return self.refused(about, str(error))

    def _note(self, error: Refused) -> None:
        """Whether anything more need be asked."""
        if isinstance(error, Unwelcome):
            self._over = "Grafana does not know who asks"
        if isinstance(error, Passing) and error.silent:
            self._over = "Grafana does not answer"

    def _compared(self, shelf: Shelf, wanted: Wanted) -> Compared:
        found = shelf.find(wanted)
        if found is None:
            changed = (*_differences({}, wanted), *self._secrets(wanted, None))
            step = Step(What.CREATED, wanted.about, changed=tuple(changed))
            return step, lambda: shelf.create(wanted)
        if not found.ours:
            return Step(What.REFUSED, wanted.about, NOT_OURS), None
        changed = (*_differences(found.body, wanted), *self._secrets(wanted, found))
        if not changed:
            return Step(What.UNCHANGED, wanted.about), None
        if found.locked:
            return Step(What.REFUSED, wanted.about, found.locked, tuple(changed)), None
        step = Step(What.CHANGED, wanted.about, changed=tuple(changed))
        return step, lambda: shelf.change(wanted, found)

    def _secrets(self, wanted: Wanted, found: Found | None) -> list[Changed]:
        """Secrets that have to be written. What they were cannot be seen."""
        there = found.secrets if found is not None else frozenset()
        return [
            Changed(f"secret {name}", "one" if name in there else "", "the one given")
            for name in sorted(wanted.secrets)
            if name not in there or self._renew_secrets
        ]


def _differences(before: Mapping[str, Any], wanted: Wanted) -> list[Changed]:
    """What differs, as it may be shown."""
    return [
        _hidden(one) if one.path in wanted.hidden else one
        for one in differences(before, wanted.body)
    ]


def _hidden(changed: Changed) -> Changed:
    before, after = _host(changed.before), _host(changed.after)
    return Changed(changed.path, before, f"another at {after}" if before == after else after)


def _host(url: str) -> str:
    """Where a URL leads, without what may be a secret in it."""
    scheme, separator, rest = url.partition("://")
    host = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    return f"{scheme}{separator}{host}/…" if separator else ("…" if url else "")
