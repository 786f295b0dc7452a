"""Whom we believe, in detail: issuers of tokens, and callers by their certificates."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Discriminator, PlainValidator, Tag, WithJsonSchema, model_validator

from sidecar.model.addresses import is_host
from sidecar.model.files import KeySetFileSpec
from sidecar.model.reading import closest, shown, unreadable
from sidecar.model.spec import Spec
from sidecar.model.values import (
    Duration,
    FilePath,
    Glob,
    HeaderName,
    OneOrMany,
    Peer,
    Text,
    written,
)

#: The algorithms in which a private key signs and a public key verifies (RFC 7518, 3.1; RFC 8037).
ALGORITHMS: Final = (
    "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA",
)  # fmt: skip
_URL: Final = re.compile(r"[!-~]+")


def parse_algorithm(value: object) -> str:
    """The name of a signature algorithm. Raises ``unknown-word``."""
    if isinstance(value, str) and value in ALGORITHMS:
        return value
    expected = f"write {', '.join(ALGORITHMS[:-1])} or {ALGORITHMS[-1]}"
    problem = f"{shown(value)} is no algorithm of signatures"
    if isinstance(value, str) and value.upper().startswith("HS"):
        problem = f"{value} checks tokens with a secret that could make them as well"
    elif isinstance(value, str) and value.lower() == "none":
        problem = "'none' would believe every token"
    meant = closest(value, ALGORITHMS) if isinstance(value, str) else None
    raise unreadable("unknown-word", problem, expected, meant if meant != value else None)


def parse_document_url(value: object) -> str:
    """The URL of a document, ``https://HOST/PATH``. Raises ``bad-url``."""
    text = value if isinstance(value, str) else ""
    expected = "write https://HOST/PATH"
    parts = _url_parts(text)
    if parts is None:
        raise unreadable("bad-url", f"{shown(value)} is not the URL of a document", expected)
    if "@" in parts.netloc or parts.fragment:
        problem = "a user, a password or a fragment has no place in this URL"
        raise unreadable("bad-url", problem, expected)
    return text


def _url_parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        if not is_host(parts.hostname or "") or parts.port == 0:
            return None
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} and _URL.fullmatch(text) else None


class KeysSpec(KeySetFileSpec):
    """Where the public keys of an issuer stand (a JSON Web Key Set): in a file or at a URL."""

    file: FilePath = ""
    """A file; read again when it changes."""
    url: Annotated[
        str,
        PlainValidator(parse_document_url),
        WithJsonSchema({"type": "string", "examples": ["https://id.shop.example/jwks.json"]}),
    ] = ""
    """A URL; fetched beside the requests, at the start and then every `refresh`."""
    refresh: Duration = written("5m")
    """How often the URL is fetched; a token with an unknown key has it fetched as well."""
    ca: FilePath = ""
    """The authorities that the URL's server is checked by, PEM; the system's when left out."""

    @model_validator(mode="after")
    def _stand_in_one_place(self) -> Self:
        hint = "write {file: PATH} or {url: https://HOST/PATH}"
        if not self.file and not self.url:
            raise unreadable("incomplete", "neither file nor url says where the keys are", hint)
        if self.file and self.url:
            raise unreadable("conflict", "both file and url say where the keys are", hint)
        return self


class JwtSpec(Spec):
    """Tokens that are believed. Whoever shows another one is refused with 401."""

    issuer: Text
    """Who makes them: their claim `iss`, exactly."""
    audience: OneOrMany[Text]
    """For whom they are: one of these must be in their claim `aud`."""
    jwks: KeysSpec
    """The issuer's public keys."""
    algorithms: OneOrMany[
        Annotated[
            str,
            PlainValidator(parse_algorithm),
            WithJsonSchema({"enum": list(ALGORITHMS)}),
        ]
    ] = ("ES256", "RS256")
    """How they may be signed."""
    header: HeaderName = "authorization"
    """The field that they come in; `Bearer` stands before them in `authorization`."""
    leeway: Duration = written("10s")
    """How far the issuer's clock and ours may be apart."""


class CertificateSpec(Spec):
    """A peer that shows a certificate which the listener accepts."""

    certificate: Glob
    """A DNS name or a URI among the certificate's alternative names; `*` stands for any
    characters."""


def _form(value: object) -> Literal["(map)", "(value)"]:
    # In brackets, so that no field of a map is taken for the word.
    return "(map)" if isinstance(value, dict | CertificateSpec) else "(value)"


Caller = Annotated[
    Annotated[Peer, Tag("(value)")] | Annotated[CertificateSpec, Tag("(map)")],
    Discriminator(_form),
]
