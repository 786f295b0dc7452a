"""What an endpoint's connection may count on in the one whose request it carries."""

from __future__ import annotations

import inspect

import pytest

from sidecar.proxy.asker import Asker
from sidecar.proxy.chain import NO_TICKETS
from sidecar.proxy.exchange import Exchange


def test_a_contract_alone_carries_no_request() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Asker()  # type: ignore[abstract]


def test_an_exchange_answers_to_all_of_it() -> None:
    assert not inspect.isabstract(Exchange)
    assert Asker.__abstractmethods__ <= set(dir(Exchange))


def test_what_exchanges_share_cannot_be_changed_by_one_of_them() -> None:
    shared = [
        (name, value)
        for owner in Exchange.__mro__
        for name, value in vars(owner).items()
        if isinstance(value, list | dict | set) and not name.startswith("__")
    ]
    assert all(value is NO_TICKETS for _, value in shared)
    assert NO_TICKETS == []
