"""``trust.jwt`` compiled: the one that reads tokens, and the rule that refuses bad ones."""

from __future__ import annotations

from typing import ClassVar, Never

from sidecar.model.policy import BuildContext
from sidecar.model.spec import RuleSpec
from sidecar.policies.token import KeyHolder, KeysUrl, Tokens, TokenSettings
from sidecar.ruleset.attachments import Attachments
from sidecar.ruleset.routes import RuleSet
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.trust_sections import JwtSpec


class TokenRuleSpec(RuleSpec):
    """The rule ``trust/jwt``, which stands in no list of rules: it follows from ``trust.jwt``."""

    kind: ClassVar[str] = "trust"

    def build(self, context: BuildContext) -> Never:
        """Nobody builds it from its fields: it has none."""
        raise NotImplementedError


#: The only one there is.
TOKEN_RULE = TokenRuleSpec(name="jwt")


def compile_tokens(
    file: RuleFile, files: Attachments, previous: RuleSet | None, ca: str
) -> Tokens | None:
    """What reads the tokens of requests; None when the file says nothing of any.

    Keys from a URL stay the same over reloads for as long as the URL does. ``ca`` is the path of
    the authorities that its server is checked by.
    """
    spec = file.trust.jwt
    if spec is None:
        return None
    claims = dict.fromkeys(key.claim for key in file.keys.values() if key.claim)
    settings = TokenSettings(
        issuer=spec.issuer,
        audience=spec.audience,
        algorithms=spec.algorithms,
        field=spec.header.encode("ascii"),
        leeway=spec.leeway,
        claims=tuple(claims),
    )
    return Tokens(settings, _holder(spec, files, previous, ca))


def _holder(spec: JwtSpec, files: Attachments, previous: RuleSet | None, ca: str) -> KeyHolder:
    if spec.jwks.file:
        # Where nobody looked into the files, no token can be checked.
        return files.key_sets.get(spec.jwks.file) or KeyHolder()
    source = KeysUrl(spec.jwks.url, spec.jwks.refresh, ca)
    before = previous.tokens if previous is not None else None
    known = before.holder if before is not None else None
    if known is not None and known.source is not None and known.source.url == source.url:
        known.source = source
        return known
    return KeyHolder(source=source)
