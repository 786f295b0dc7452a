from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.model.policy import Mode
from sidecar.offline.openapi import Operation
from sidecar.offline.starter import Start, rule_file, service_name
from sidecar.ruleset.check import check
from tests.ruleset.compiled import compiled, request, route_of


def start(*operations: Operation) -> str:
    return rule_file(Start("order", "http://127.0.0.1:9000", operations=operations), "order.yaml")


def test_the_file_is_good_and_refuses_nobody() -> None:
    checked = check(start(), "order.yaml")
    assert checked.file is not None
    assert checked.diagnostics == ()
    assert {rule.mode for _, rule in checked.file.rules} == {Mode.SHADOW}
    assert {rule.kind for _, rule in checked.file.rules} == {"rate_limits", "breakers"}


def test_the_most_specific_route_wins() -> None:
    rules = compiled(
        start(
            Operation("get-order", "GET", "/orders/*"),
            Operation("export", "GET", "/orders/export"),
            Operation("list", "GET", "/orders"),
            Operation("other", "GET", "/other"),
            Operation("List", "POST", "/orders"),
        )
    )
    found = {path: route_of(rules, request(path)).name for path in ("/orders/export", "/orders/7")}
    assert found == {"/orders/export": "export", "/orders/7": "get-order"}
    assert {"list", "list-2", "other-2", "other"} <= set(rules.routes)


@given(st.text(max_size=100))
def test_any_text_makes_a_name(text: str) -> None:
    name = service_name(text)
    assert check(rule_file(Start(name, "http://127.0.0.1:9000"), "x.yaml"), "x.yaml").file


def test_names_are_made_of_titles() -> None:
    assert service_name("Order Service (v2)") == "order-service-v2"
    assert service_name("\u8ba2\u5355") == "app"
