"""How Grafana is reached, and by whom."""

from __future__ import annotations

import base64
from typing import Final

import msgspec

from sidecar.model.secret import SecretText

#: Shorter than this is found in innocent words, too.
_TELLING: Final = 4
_HIDDEN: Final = "********"


class Access(msgspec.Struct, frozen=True):
    """An address, and a token of a service account or else a user with a password."""

    url: str
    token: SecretText | None = None
    user: str = ""
    password: SecretText | None = None
    #: The authorities that are believed, PEM; the system's when empty.
    ca: str = ""
    #: What else is never shown: what Grafana is told and may repeat.
    others: tuple[SecretText, ...] = ()

    @property
    def credential(self) -> str | tuple[str, str]:
        """What the client wants to hear."""
        if self.token is not None:
            return self.token.reveal()
        return self.user, self.password.reveal() if self.password is not None else ""

    def hidden(self, text: str) -> str:
        """Text of others without the secrets that somebody may have put into it."""
        for secret in self._secrets():
            if len(secret) >= _TELLING:
                text = text.replace(secret, _HIDDEN)
        return text

    def _secrets(self) -> list[str]:
        others = [secret.reveal() for secret in self.others]
        if isinstance(self.credential, str):
            return [self.credential, *others]
        user, password = self.credential
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        return [basic, password, *others]
