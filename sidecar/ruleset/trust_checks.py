"""Whether what a rule file believes can be found out where it listens."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.keys import refusal_of_header
from sidecar.ruleset.listener_sections import ClientCertificate, ListenersSpec
from sidecar.ruleset.nodes import Path
from sidecar.ruleset.parts import Parts
from sidecar.ruleset.sections import (
    KeySource,
    KeySpec,
    TrustSpec,
)
from sidecar.ruleset.trust_sections import CertificateSpec, JwtSpec


def check_trust(parts: Parts, document: Document) -> list[Diagnostic]:
    """Callers and tokens that nobody could be believed by."""
    return [
        *_certificates(parts, document),
        *_claims(parts, document),
        *_tokens(parts, document),
    ]


def _certificates(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    trust, listeners = parts.one(TrustSpec), parts.one(ListenersSpec)
    if trust is None or listeners is None:
        return
    tls = listeners.inbound.tls
    if tls is not None and tls.client_certificate is not ClientCertificate.NONE:
        return
    for index, caller in enumerate(trust.callers):
        if isinstance(caller, CertificateSpec):
            message = "nobody shows a certificate: listeners.inbound asks for none"
            hint = "write listeners.inbound.tls: {client_ca: FILE, client_certificate: request, …}"
            span = document.name_span(("trust", "callers", index, "certificate"))
            yield finding("incomplete", message, document.name, span, hint)


def _claims(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    is_mentioned = any(getattr(trust, "jwt", None) for _, trust in parts.drafts_of(TrustSpec))
    for path, key in parts.of(KeySpec):
        if key.source is KeySource.JWT and not key.claim:
            message = "a key from jwt needs the name of a claim"
            span = document.holder_span(path)
            yield finding("incomplete", message, document.name, span, "add claim: NAME")
        elif key.claim and key.source is not KeySource.JWT:
            message = f"claim has no meaning for a key from {key.source.value}"
            span = document.name_span((*path, "claim"))
            yield finding("conflict", message, document.name, span, "write from: jwt")
        if key.source is KeySource.JWT and not is_mentioned:
            message = "no issuer of tokens is believed"
            span = document.span((*path, "from"))
            hint = "say in trust.jwt whose tokens are"
            yield finding("incomplete", message, document.name, span, hint)


def _tokens(parts: Parts, document: Document) -> Iterator[Diagnostic]:
    for path, trust in parts.drafts_of(TrustSpec):
        jwt = getattr(trust, "jwt", None)
        header = getattr(jwt, "header", "") if isinstance(jwt, JwtSpec) else ""
        reason = refusal_of_header(header) if header else ""
        if reason or header == "host":
            place: Path = (*path, "jwt", "header")
            message = f"tokens do not come in {header}"
            hint = reason or "it names the service"
            span = document.span(place)
            yield finding("closed-header", message, document.name, span, hint)
