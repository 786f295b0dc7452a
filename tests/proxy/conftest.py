"""Every test of the data path that is a coroutine runs on both loops that the sidecar runs on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.proxy.loops import LOOPS


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - the hook's signature
    item: pytest.Item,  # noqa: ARG001 - the same
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return LOOPS
