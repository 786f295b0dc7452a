from __future__ import annotations

import pytest

from sidecar.offline.standing import Standing
from sidecar.ruleset.keys import compile_keys
from tests.ruleset.compiled import checked, compiled, request, route_of, rule_file

UPSTREAMS = "{app: {url: http://127.0.0.1:9000}, spare: {url: http://127.0.0.1:9001}}"


@pytest.mark.parametrize(
    "condition, why",
    [
        ("match: {route: orders}", "route is other, not orders"),
        ("match: {path: [/a/*, /b/**]}", "path is not /a/* or /b/**"),
        ("match: {method: [POST, PUT]}", "method: POST or PUT does not fit"),
        ('match: {header: {user-agent: "*bot*"}}', "header user-agent: *bot* does not fit"),
        ('match: {query: {page: ["1", "2"]}}', "query page: 1 or 2 does not fit"),
        ("match: {client_ip: 10.0.0.0/8}", "client_ip: 10.0.0.0/8 does not fit"),
        ("match: {user: eve}", "user: eve does not fit"),
        ("upstream: spare", "it is for what goes to spare"),
        ("match: {method: GET, user: eve}", "user: eve does not fit"),
    ],
)
def test_the_condition_that_does_not_fit_is_told_as_it_is_written(condition: str, why: str) -> None:
    text = rule_file(
        "keys: {user: {from: header, name: x-user, believe: anyone}}\n"
        "routes: [{name: orders, match: {path: /orders}}]\n"
        f"rate_limits: [{{name: each, limit: 5/s, {condition}}}]\n",
        upstreams=UPSTREAMS,
    )
    good = checked(text)
    assert good.file is not None
    rules, asked = compiled(text), request("/x", x_user="ann")
    standing = Standing(good.file, route_of(rules, asked), compile_keys(good.file))
    assert standing.why_not(rules.rules["rate_limits", "each"], asked) == why
