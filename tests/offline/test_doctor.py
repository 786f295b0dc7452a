from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sidecar.offline.doctor import (
    Finding,
    State,
    _certificate,
    _clock,
    look_at_machine,
    look_at_rules,
)
from sidecar.ruleset.check import check
from tests.ruleset.compiled import compiled, rule_file

NOW = 1_800_000_000.0


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {one.what: one for one in findings}


def test_a_machine_in_order() -> None:
    found = by_name(list(look_at_machine()))
    assert {"python", "event loop", "clock", "processor", "state directory"} == set(found)
    assert found["python"].state is State.OK


def test_a_state_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    found = by_name(list(look_at_machine(tmp_path / "missing")))["state directory"]
    assert (found.state, found.advice) == (State.WRONG, "choose another, --state-dir")


def test_a_clock_that_stands_at_the_epoch_is_wrong() -> None:
    assert _clock(12.0).state is State.WRONG
    assert _clock(NOW).text == "2027-01-15T08:00:00Z"


def test_a_rule_file_with_errors_is_all_that_is_said() -> None:
    [found] = look_at_rules(check("nonsense", "shop.yaml"), None, Path())
    assert (found.state, found.advice) == (State.WRONG, "sidecar check shop.yaml")


def test_an_upstream_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    text = rule_file(inbound="{bind: 'unix:in.sock'}", upstreams="{app: {url: 'unix:app.sock'}}")
    found = by_name(list(look_at_rules(check(text, "shop.yaml"), compiled(text), tmp_path)))
    assert found["rule file"].state is State.OK
    assert found["listener inbound"].state is State.OK
    assert found["upstream app"].state is State.WRONG
    assert "No such file" in found["upstream app"].text
    assert found["upstream app"].advice.startswith("start it")


def _pair(folder: Path, days: float) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])
    start = dt.datetime.fromtimestamp(NOW - 86400 * 100, dt.UTC)
    end = dt.datetime.fromtimestamp(NOW + 86400 * days, dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, private


@pytest.mark.parametrize("days, state", [(90, State.OK), (5, State.WARNING), (-1, State.WRONG)])
def test_certificates_are_looked_at_before_they_expire(
    tmp_path: Path, days: float, state: State
) -> None:
    cert, key = _pair(tmp_path, days)
    assert _certificate("certificate", cert, key, lambda: NOW).state is state


def test_a_certificate_that_cannot_be_used_is_wrong(tmp_path: Path) -> None:
    cert, key = _pair(tmp_path, 90)
    key.write_text("no key", encoding="utf-8")
    assert _certificate("certificate", cert, key, lambda: NOW).state is State.WRONG
    assert _certificate("certificate", tmp_path / "none", key, lambda: NOW).state is State.WRONG
