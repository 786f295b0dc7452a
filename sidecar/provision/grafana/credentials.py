"""Who asks Grafana, and as whom Grafana asks others: from the environment and from files only.

Arguments of a command are seen by everybody on a machine, so no secret is one. ``NAME`` in the
environment may hold it, or ``NAME_FILE`` say which file does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from sidecar.model.secret import SecretText
from sidecar.provision.grafana.sources import Place

_OWN: Final = "SIDECAR_GRAFANA_"
#: Names that other tools for Grafana read, too.
_SHARED: Final = "GRAFANA_"


class Unreadable(Exception):  # noqa: N818 - reads as what it says
    """A secret is not where it should be; says where, and never what."""


class Login(msgspec.Struct, frozen=True):
    """A token, or a user with a password."""

    token: SecretText | None = None
    user: str = ""
    password: SecretText | None = None


class Environment:
    """What stands in the environment, and in the files that it names."""

    def __init__(self, variables: Mapping[str, str], *, by_name: bool = False) -> None:
        """``by_name``: in place of secrets, how Grafana's own files name them."""
        self._variables = variables
        self._by_name = by_name

    def login(self, *, token_file: str = "", user: str = "", password_file: str = "") -> Login:
        """Who asks Grafana; files that are named go before the environment. ``Unreadable``."""
        if token_file:
            return Login(token=_of_header(of_file(token_file), token_file))
        user = user or self._first("USER")
        if user and not password_file:
            return Login(user=user, password=self._secret(_OWN, "PASSWORD", _SHARED))
        if user:
            return Login(user=user, password=of_file(password_file))
        token = self._secret(_OWN, "TOKEN", _SHARED)
        return Login(token=_of_header(token, f"{_SHARED}TOKEN") if token is not None else None)

    def place(self, url: str, name: str) -> Place:
        """Where something is, with the credentials of that ``name``: ``PROMETHEUS``."""
        prefix = f"{_OWN}{name}_"
        authorization = None
        for end, scheme in (("TOKEN", "Bearer"), ("API_KEY", "ApiKey")):
            secret = self._secret(prefix, end)
            if secret is not None:
                text = _of_header(secret, f"{prefix}{end}").reveal()
                authorization = SecretText(f"{scheme} {text}")
        user, password = self._variables.get(f"{prefix}USER", ""), self._secret(prefix, "PASSWORD")
        if user and authorization is not None:
            raise Unreadable(f"{prefix}USER goes with no token and no API key")
        if password is not None and not user:
            raise Unreadable(f"{prefix}PASSWORD is nobody's: say whose with {prefix}USER")
        authorities = self._variables.get(f"{prefix}CA_FILE", "")
        return Place(
            url,
            user,
            password,
            authorization,
            self._of_file(authorities) if authorities else None,
        )

    def _of_file(self, path: str) -> SecretText:
        return SecretText(f"$__file{{{path}}}") if self._by_name else of_file(path)

    def _secret(self, *names: str) -> SecretText | None:
        """The first of the prefixes around the second of the names that has it."""
        own, end, *others = names
        for prefix in (own, *others):
            path = self._variables.get(f"{prefix}{end}_FILE", "")
            if path:
                return self._of_file(path)
            text = self._variables.get(f"{prefix}{end}", "").strip()
            if text:
                # In braces it would be replaced twice, what is in it, too.
                return SecretText(f"${prefix}{end}" if self._by_name else text)
        return None

    def _first(self, end: str) -> str:
        return self._variables.get(f"{_OWN}{end}") or self._variables.get(f"{_SHARED}{end}") or ""


def of_file(path: str) -> SecretText:
    """What is in a file, without white space around it. ``Unreadable``."""
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise Unreadable(f"{path} cannot be read: {reason}") from None
    if not text:
        raise Unreadable(f"{path} is empty")
    return SecretText(text)


def _of_header(secret: SecretText, where: str) -> SecretText:
    """A secret that is sent in a header, whose refusal by the client would repeat it."""
    text = secret.reveal()
    if not (text.isascii() and text.isprintable()):
        raise Unreadable(f"{where} is no token: more than one line, or more than plain letters")
    return secret
