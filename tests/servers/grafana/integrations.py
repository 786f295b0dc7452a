"""What contact points of each type need, and which of it is secret.

From ``pkg/services/ngalert/notifier/channels_config`` and ``receivers`` of grafana/alerting.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.servers.grafana.exchange import Json, refuse_unless


@dataclass(frozen=True, slots=True)
class Integration:
    """``needed``: of each of these, one at least."""

    needed: tuple[frozenset[str], ...]
    secret: frozenset[str]
    others: frozenset[str]

    @property
    def known(self) -> frozenset[str]:
        """Every name that a setting may have."""
        return self.secret | self.others | frozenset[str]().union(*self.needed)


def _of(needed: str, secret: str = "", others: str = "") -> Integration:
    return Integration(
        tuple(frozenset(one.split("|")) for one in needed.split()),
        frozenset(secret.split()),
        frozenset(others.split()),
    )


#: Those that somebody might use here; the settings of other types are not looked at.
INTEGRATIONS = {
    "alertmanager": _of("url", "basicAuthPassword", "basicAuthUser"),
    "discord": _of("url", "url", "title message avatar_url use_discord_username"),
    "email": _of("addresses", "", "singleEmail message subject"),
    "googlechat": _of("url", "url", "title message"),
    "opsgenie": _of(
        "apiKey", "apiKey", "apiUrl message description autoClose overridePriority sendTagsAs"
    ),
    "pagerduty": _of(
        "integrationKey",
        "integrationKey",
        "severity class component group summary source client client_url details url",
    ),
    "slack": _of(
        "url|token",
        "url token",
        "recipient text title username icon_emoji icon_url mentionChannel mentionUsers "
        "mentionGroups endpointUrl color",
    ),
    "teams": _of("url", "", "message title sectiontitle"),
    "telegram": _of("bottoken chatid", "bottoken", "message parse_mode"),
    "webhook": _of(
        "url",
        "password authorization_credentials",
        "httpMethod username authorization_scheme maxAlerts title message tlsConfig hmacConfig "
        "headers payload http_config",
    ),
}


def check_settings(kind: str, settings: Json) -> None:
    """Refuse settings that the type cannot work with; a name that it does not know is one too."""
    integration = INTEGRATIONS.get(kind)
    if integration is None:
        return
    for needed in integration.needed:
        missing = f"required field '{min(needed)}' is not specified"
        refuse_unless(any(settings.get(name) for name in needed), 400, missing)
    unknown = sorted(settings.keys() - integration.known)
    refuse_unless(not unknown, 400, f"settings that {kind} does not know: {unknown}")
    method = settings.get("httpMethod", "POST")
    refuse_unless(method in {"POST", "PUT"}, 400, f"invalid httpMethod {method!r}")


def secrets_of(kind: str) -> frozenset[str]:
    """Names of the settings that are never shown."""
    return INTEGRATIONS[kind].secret if kind in INTEGRATIONS else frozenset()
