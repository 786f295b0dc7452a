from __future__ import annotations

from pathlib import Path

import pytest

from demo_services.shop.service.environment import BadEnvironment, read_environment


def test_an_empty_environment_is_enough() -> None:
    found = read_environment({}, 9000)
    assert (found.host, found.port, found.knobs_port) == ("127.0.0.1", 9000, 0)
    assert found.data is found.addresses is None


def test_everything_can_be_told() -> None:
    variables = {
        "HOST": "0.0.0.0",
        "PORT": "0",
        "KNOBS_PORT": "9100",
        "DATA_DIR": "/data",
        "ADDRESSES_FILE": "/run/a.json",
    }
    found = read_environment(variables, 9000)
    assert (found.host, found.port, found.knobs_port) == ("0.0.0.0", 0, 9100)
    assert (found.data, found.addresses) == (Path("/data"), Path("/run/a.json"))


@pytest.mark.parametrize("text", ["", "http", "-1", "65536", "8080.5", "٨٠٨٠"])
def test_what_is_no_port_is_said(text: str) -> None:
    with pytest.raises(BadEnvironment, match="PORT must be a port, 0 to 65535"):
        read_environment({"PORT": text}, 9000)
