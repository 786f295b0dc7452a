from __future__ import annotations

from sidecar.model.policy import Mode
from sidecar.ruleset.controls import Control, What
from tests.policies.building import World
from tests.ruleset.compiled import compiled, rule_file


def test_a_rule_is_built_with_what_is_around_it() -> None:
    world = World(texts={"static/sorry.json": b"{}"}, chance=lambda: 0.5)
    context = world.context()
    assert context.text_of("static/sorry.json") == b"{}"
    assert context.chance() == 0.5
    assert context.switch("degrade") is world.controls.switch("degrade")


def test_a_rule_disabled_by_hand_is_in_no_chain_and_keeps_its_place_in_the_list() -> None:
    text = rule_file("access: [{name: nobody, deny: {client_ip: 192.0.2.1}}]\n")
    world = World()
    world.controls.put(Control(What.OVERRIDE, "access/*", "disabled", until=1.0))
    rules = compiled(text, surroundings=world.context().surroundings)
    assert rules.routes["other"].chain.enforced == ()
    assert list(rules.policies) == [("access", "nobody")]
    assert rules.rules["access", "nobody"].mode is Mode.DISABLED
