"""What has to change for one thing to be as it is wanted, path by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple


class Changed(NamedTuple):
    """A value at a path; empty where there is none."""

    path: str
    before: str
    after: str


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], added: tuple[str, ...] = ()
) -> list[Changed]:
    """What differs, sorted; in which form a value is answered makes no difference.

    ``added`` are the beginnings of the paths at which others add something by themselves.
    """
    old, new = (dict(_leaves("", side)) for side in (before, after))
    return [
        Changed(path, old.get(path, ""), new.get(path, ""))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path) and not (path not in new and path.startswith(added))
    ]


def _leaves(path: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _leaves(f"{path}.{name}" if path else name, value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for place, value in enumerate(node):
            yield from _leaves(f"{path}[{place}]", value)
    elif node is not None:
        yield path, str(node).lower() if isinstance(node, bool) else str(node)
