from __future__ import annotations

from collections import Counter

from demo_services.shop.story.customers import Mix, crowd, one_user, plan, steps

WHEN = steps("sale", 2, 10)


def test_a_crowd_is_many_users_with_a_mixture_of_wishes() -> None:
    client = crowd("customers", WHEN, 1)
    kinds = Counter((request.method, request.path.split("/")[1]) for request in client.requests)
    total = len(client.requests)
    assert 0.15 < kinds["POST", "orders"] / total < 0.25
    assert 0.06 < kinds["GET", "orders"] / total < 0.14
    users = Counter(request.headers["x-user-id"] for request in client.requests)
    assert len(users) > 300
    assert max(users.values()) <= 3


def test_the_mixture_can_be_chosen() -> None:
    client = crowd("customers", WHEN, 1, Mix(orders=0, lists=0))
    assert {request.method for request in client.requests} == {"GET"}
    assert all(request.path.startswith("/products/") for request in client.requests)


def test_the_same_seed_is_the_same_crowd() -> None:
    assert crowd("customers", WHEN, 1) == crowd("customers", WHEN, 1)
    assert crowd("customers", WHEN, 1) != crowd("customers", WHEN, 2)


def test_one_user_is_one_user() -> None:
    client = one_user("greedy", WHEN, 1)
    assert {request.headers["x-user-id"] for request in client.requests} == {"greedy"}


def test_the_plan_goes_to_the_entrance() -> None:
    made = plan("127.0.0.1:8080", (one_user("greedy", WHEN, 1),), 7)
    assert (made.host, made.port, made.seed, made.seconds) == ("127.0.0.1", 8080, 7, 2)
