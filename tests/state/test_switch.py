from __future__ import annotations

from math import inf

from sidecar.state.switch import Switch


def test_a_switch_is_off_until_it_is_thrown() -> None:
    switch = Switch("degrade")
    assert not switch.is_on
    switch.turn(on=True)
    assert [switch.is_on, switch.until] == [True, inf]
    assert not switch.advance(1e9)
    assert switch.is_on


def test_it_goes_off_by_itself_once_and_says_so() -> None:
    switch = Switch("degrade")
    switch.turn(on=True, until=10.0)
    moments = (9.9, 10.0, 11.0)
    assert [(switch.advance(now), switch.is_on) for now in moments] == [
        (False, True),
        (True, False),
        (False, False),
    ]


def test_thrown_back_by_hand_it_waits_for_nothing() -> None:
    switch = Switch("degrade")
    switch.turn(on=True, until=10.0)
    switch.turn(on=False, until=5.0)
    assert (switch.is_on, switch.until) == (False, inf)
