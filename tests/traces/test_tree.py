from __future__ import annotations

from collections import Counter

from hypothesis import given

from sidecar.traces.trace import StoredSpan
from sidecar.traces.tree import Node, Odd, forest
from tests.traces.growing import spans

_MILLI = 1_000_000


def span(identity: str, parent: str = "", start: int = 0, end: int = 100) -> StoredSpan:
    return StoredSpan(
        trace_id="1" * 32, span_id=identity, parent_id=parent, name=identity,
        start=start * _MILLI, end=end * _MILLI,
    )  # fmt: skip


def shape(nodes: list[Node]) -> list[tuple[str, int]]:
    return [(node.span.name, node.depth) for node in nodes]


def test_children_follow_their_parents_by_their_start() -> None:
    nodes = forest([span("c", "a", 50), span("d", "b", 20), span("a"), span("b", "a", 10)])
    assert shape(nodes) == [("a", 0), ("b", 1), ("d", 2), ("c", 1)]
    assert [node.last for node in nodes] == [
        (True,), (True, False), (True, False, True), (True, True),
    ]  # fmt: skip
    assert [node.children for node in nodes] == [2, 1, 0, 0]
    assert not any(node.odd for node in nodes)


def test_a_span_whose_parent_is_missing_stands_at_the_top() -> None:
    nodes = forest([span("a"), span("c", "gone", 5), span("d", "c", 6)])
    assert shape(nodes) == [("a", 0), ("c", 0), ("d", 1)]
    assert [node.odd for node in nodes] == [(), (Odd.PARENT_MISSING,), ()]


def test_clocks_that_differ_are_told_and_nothing_is_moved() -> None:
    nodes = forest([span("a", "", 10, 100), span("b", "a", 5, 50), span("c", "a", 90, 120)])
    assert [(node.span.name, node.odd) for node in nodes] == [
        ("a", ()), ("b", (Odd.EARLY,)), ("c", (Odd.LATE,)),
    ]  # fmt: skip
    # The ends of a call are measured by two processes: a little is nothing.
    assert forest([span("a", "", 10, 100), span("b", "a", 9, 101)])[1].odd == ()


def test_circles_are_opened() -> None:
    assert shape(forest([span("a", "a")])) == [("a", 0)]
    nodes = forest([span("x", "b", 0), span("a", "b", 1), span("b", "a", 2)])
    assert shape(nodes) == [("b", 0), ("x", 1), ("a", 1)] or shape(nodes) == [
        ("a", 0), ("b", 1), ("x", 2),
    ]  # fmt: skip
    assert nodes[0].odd == (Odd.CIRCLE,)


def test_an_id_that_is_there_twice() -> None:
    nodes = forest([span("a"), span("b", "a", 1), span("b", "a", 2), span("c", "b", 3)])
    assert shape(nodes) == [("a", 0), ("b", 1), ("c", 2), ("b", 1)]
    assert nodes[3].odd == (Odd.TWICE,)


def test_a_trace_as_deep_as_it_may_be() -> None:
    deep = [span(str(place), str(place - 1) if place else "") for place in range(5000)]
    assert forest(deep)[-1].depth == 4999


@given(spans)
def test_every_span_has_one_place(some: list[StoredSpan]) -> None:
    nodes = forest(some)
    assert Counter(id(node.span) for node in nodes) == Counter(map(id, some))
    depth = -1
    for node in nodes:
        assert node.depth <= depth + 1
        assert len(node.last) == node.depth + 1
        depth = node.depth
    roots = [node for node in nodes if not node.depth]
    assert [node.last for node in roots] == [(False,)] * (len(roots) - 1) + [(True,)]
