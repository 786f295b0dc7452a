from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.model.policy import Mode, Rule
from sidecar.ruleset.controls import Control, Controls, What, counted

GLOBS = ["*", "rate_limits/*", "access/*", "rate_limits/each", "*/each", "none/*"]
RULES = [Rule(kind, name, Mode.ENFORCE, "test:1") for kind, name in (
    ("rate_limits", "each"), ("rate_limits", "whole"), ("access", "each"),
)]  # fmt: skip
SWITCHES = ["degrade", "other"]


def override(target: str, mode: str = "shadow", until: float = 10.0) -> Control:
    return Control(What.OVERRIDE, target, mode, until)


def test_modes_set_by_hand_go_before_those_of_the_file() -> None:
    controls = Controls()
    controls.put(override("rate_limits/*"))
    controls.put(override("rate_limits/whole", "disabled"))
    each, whole, other = RULES
    assert controls.in_force(each).mode is Mode.SHADOW
    assert controls.in_force(whole).mode is Mode.DISABLED
    assert controls.in_force(other) is other


def test_a_switch_is_the_same_object_each_time() -> None:
    controls = Controls()
    assert controls.switch("degrade") is controls.switch("degrade")


def test_they_are_counted_by_sort() -> None:
    controls = [override("*"), override("access/*"), Control(What.SWITCH, "degrade", "on", 1.0)]
    assert counted(controls) == {"override": 2, "switch": 1, "breaker": 0}


@pytest.mark.parametrize("pattern", GLOBS)
@given(label=st.sampled_from([one.label for one in RULES]))
def test_an_override_is_about_what_its_glob_fits(pattern: str, label: str) -> None:
    assert override(pattern).fits(label) is fnmatchcase(label, pattern)


class ControlsModel(RuleBasedStateMachine):
    """Against a list of what was set, newest last, looked through in full each time."""

    def __init__(self) -> None:
        super().__init__()
        self.controls = Controls()
        self.model: list[Control] = []
        self.now = 0.0

    @rule(
        glob=st.sampled_from(GLOBS),
        mode=st.sampled_from([mode.value for mode in Mode]),
        length=st.integers(1, 20),
    )
    def override(self, glob: str, mode: str, length: int) -> None:
        self._put(override(glob, mode, self.now + length))

    @rule(name=st.sampled_from(SWITCHES), length=st.integers(1, 20))
    def turn_on(self, name: str, length: int) -> None:
        self._put(Control(What.SWITCH, name, "on", self.now + length))

    @rule(what=st.sampled_from(What), name=st.sampled_from(GLOBS + SWITCHES))
    def lift(self, what: What, name: str) -> None:
        lifted = self.controls.lift(what, name)
        kept = [one for one in self.model if (one.what, one.target) != (what, name)]
        assert (lifted is not None) is (len(kept) < len(self.model))
        self.model = kept

    @rule(seconds=st.integers(0, 15))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        over = self.controls.advance(self.now)
        assert over == [one for one in self.model if one.until <= self.now]
        self.model = [one for one in self.model if one.until > self.now]

    def _put(self, control: Control) -> None:
        self.controls.put(control)
        same = (control.what, control.target)
        self.model = [one for one in self.model if (one.what, one.target) != same] + [control]

    @invariant()
    def what_is_active_is_what_was_set_last(self) -> None:
        assert self.controls.active() == self.model
        for one in RULES:
            fitting = [c for c in self.model if c.what is What.OVERRIDE and c.fits(one.label)]
            wanted = Mode(fitting[-1].setting) if fitting else one.mode
            assert self.controls.in_force(one).mode is wanted
        for name in SWITCHES:
            is_on = any(c.what is What.SWITCH and c.target == name for c in self.model)
            assert self.controls.switch(name).is_on is is_on


TestControls = ControlsModel.TestCase
