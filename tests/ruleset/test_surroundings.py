from __future__ import annotations

from sidecar.model.policy import Mode, Rule
from sidecar.ruleset.surroundings import Controls
from tests.policies.building import World
from tests.ruleset.compiled import compiled, rule_file


def a_rule(kind: str, name: str, mode: Mode = Mode.ENFORCE) -> Rule:
    return Rule(kind, name, mode, "test:1")


def test_modes_set_by_hand_go_before_those_of_the_file() -> None:
    controls = Controls()
    controls.modes["rate_limits/*"] = Mode.SHADOW
    controls.modes["rate_limits/everyone"] = Mode.DISABLED
    assert controls.in_force(a_rule("rate_limits", "each")).mode is Mode.SHADOW
    assert controls.in_force(a_rule("rate_limits", "everyone")).mode is Mode.DISABLED
    other = a_rule("access", "each")
    assert controls.in_force(other) is other


def test_a_switch_is_the_same_object_each_time() -> None:
    controls = Controls()
    assert controls.switch("degrade") is controls.switch("degrade")


def test_a_rule_is_built_with_what_is_around_it() -> None:
    world = World(texts={"static/sorry.json": b"{}"}, chance=lambda: 0.5)
    context = world.context()
    assert context.text_of("static/sorry.json") == b"{}"
    assert context.chance() == 0.5
    assert context.switch("degrade") is world.controls.switch("degrade")


def test_a_rule_disabled_by_hand_is_in_no_chain_and_keeps_its_place_in_the_list() -> None:
    text = rule_file("access: [{name: nobody, deny: {client_ip: 192.0.2.1}}]\n")
    world = World()
    world.controls.modes["access/*"] = Mode.DISABLED
    rules = compiled(text, surroundings=world.context().surroundings)
    assert rules.routes["other"].chain.enforced == ()
    assert list(rules.policies) == [("access", "nobody")]
    assert rules.rules["access", "nobody"].mode is Mode.DISABLED
