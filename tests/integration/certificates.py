"""Certificates for tests: an authority, and what it signs."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, PEM."""

    cert: Path
    key: Path
    serial: int

    def replace(self, other: Certificate) -> None:
        """Put ``other`` in this one's files, the key first, as certbot and cert-manager do."""
        for mine, new in ((self.key, other.key), (self.cert, other.cert)):
            fresh = mine.with_suffix(".fresh")
            fresh.write_bytes(new.read_bytes())
            fresh.replace(mine)


class Authority:
    """Signs certificates; its own is at ``ca``."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._key_id = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        own = (
            _builder(self._name, self._name, self._key, _now() + _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(self._key_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        *,
        hosts: tuple[str, ...] = ("localhost",),
        uris: tuple[str, ...] = (),
        expired: bool = False,
    ) -> Certificate:
        """A certificate called ``name``, for 127.0.0.1 too if it is for ``localhost``."""
        key = ec.generate_private_key(ec.SECP256R1())
        ends = _now() - _DAY if expired else _now() + _DAY
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts or (name,)]
        names += [x509.UniformResourceIdentifier(uri) for uri in uris]
        if "localhost" in hosts:
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        # From Python 3.13 on, what RFC 5280 demands is insisted on.
        signed_by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._key_id)
        made = (
            _builder(_name(name), self._name, key, ends)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(signed_by, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate = Certificate(
            self._folder / f"{name}.pem", self._folder / f"{name}.key", made.serial_number
        )
        certificate.cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        certificate.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate

    def client(self, certificate: Certificate | None = None) -> ssl.SSLContext:
        """What a client needs that believes this authority, and may show a certificate."""
        context = ssl.create_default_context(cafile=self.ca)
        if certificate is not None:
            context.load_cert_chain(certificate.cert, certificate.key)
        return context

    def server(self, certificate: Certificate, *, demands: bool = False) -> ssl.SSLContext:
        """What a server needs; one that ``demands`` wants a client certificate of ours."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca)
        context.load_cert_chain(certificate.cert, certificate.key)
        if demands:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    ends: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - 3 * _DAY)
        .not_valid_after(ends)
    )
