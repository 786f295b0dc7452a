"""What every test gets: hypothesis profiles, the ``integration`` mark, fixtures for servers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["tests.servers.fixtures", "tests.servers.sharing"]

_IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
_INTEGRATION = Path(__file__).parent / "integration"

# A busy machine is no counter-example, so no example has a deadline. CI tries the same examples
# every time; new ones are looked for on developers' machines and by `make fuzz`.
hypothesis.settings.register_profile(
    "quick", max_examples=50, deadline=None, derandomize=_IN_CI, print_blob=True
)
hypothesis.settings.register_profile(
    "deep", max_examples=1_000, deadline=None, stateful_step_count=80, print_blob=True
)
hypothesis.settings.load_profile("quick")

# Whoever starts us in the background may have had SIGINT ignored, and what is started by tests
# would inherit that; a test that interrupts it would wait in vain.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below ``tests/integration`` is an integration test without having to say so."""
    for item in items:
        if item.path.is_relative_to(_INTEGRATION):
            item.add_marker(pytest.mark.integration)
