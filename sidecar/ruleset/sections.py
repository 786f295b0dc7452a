"""The settings of a rule file: whom to believe, whom to call, for how long.

The docstring below a field is its description for editors; a default stands as an admin would
write it.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from sidecar.model.hosts import HostName, LookupName, Port
from sidecar.model.spec import MatchSpec, Spec
from sidecar.model.values import (
    Address,
    Bind,
    Count,
    Duration,
    FilePath,
    Flag,
    HeaderName,
    KeyName,
    Name,
    OneOrMany,
    Peer,
    PriorityWord,
    Target,
    Text,
    UpstreamUrl,
    written,
)
from sidecar.ruleset.endpoint_sections import EjectSpec, HealthSpec
from sidecar.ruleset.trust_sections import Caller, JwtSpec


class Disclose(Enum):
    """What a refusal tells the client."""

    NONE = "none"
    ID = "id"
    RULE = "rule"


class EscapedSlash(Enum):
    """What becomes of a path with an escaped slash or backslash."""

    REFUSE = "refuse"
    KEEP = "keep"


class PathsSpec(Spec):
    """How paths are read."""

    escaped_slash: EscapedSlash = EscapedSlash.REFUSE
    """`refuse` answers %2F and %5C in a path with 400; `keep` matches and forwards them so."""


class TrustSpec(Spec):
    """Whom we believe, and what we tell."""

    proxies: tuple[Peer, ...] = ()
    """Peers whose X-Forwarded-For and Forwarded are believed; from others they are replaced."""
    callers: tuple[Caller, ...] = ()
    """Peers whose identity headers are believed: networks, `unix`, or `{certificate: NAME}`; from
    others these headers are removed."""
    jwt: JwtSpec | None = None
    """Tokens whose claims are believed."""
    disclose: Disclose = Disclose.ID
    """What a refusal tells the client: nothing, a decision id, or the rule's name."""
    paths: PathsSpec = PathsSpec()
    """How paths are read."""


class Balance(Enum):
    """How the next endpoint of an upstream is chosen."""

    ROUND_ROBIN = "round_robin"
    LEAST_REQUEST = "least_request"
    RANDOM = "random"


class PoolSpec(Spec):
    """The connections kept to each endpoint of an upstream."""

    max_connections: Count = 200
    """The most connections to one endpoint."""
    max_pending: Count = 200
    """The most requests that wait for one of them; more are refused with 503."""
    connect_timeout: Duration = written("1s")
    """How long opening a connection may take."""
    idle: Duration = written("60s")
    """How long an unused connection is kept."""
    age: Duration = written("1h")
    """How old a connection may grow."""


class UpstreamTlsSpec(Spec):
    """How an upstream proves who it is, and we to it."""

    ca: FilePath = ""
    """The authorities that are believed, PEM; the system's when left out."""
    server_name: Text = ""
    """The name that its certificate must have; the host of its address when left out."""
    cert: FilePath = ""
    """The certificate shown to it, PEM."""
    key: FilePath = ""
    """The private key of that certificate, PEM."""
    verify: Flag = True
    """Whether its certificate is checked."""


class TimeoutsSpec(Spec):
    """How long a request may take."""

    request: Duration | None = None
    """The whole request, until its answer begins; 30s when left out everywhere."""
    per_try: Duration | None = None
    """One try; 15s when left out everywhere, and never longer than `request`."""
    idle: Duration | None = None
    """Silence in the middle of a body; 60s when left out everywhere."""
    deadline_header: HeaderName | None = None
    """The field in which `trust.callers` say how long they wait, such as x-request-deadline, and
    in which upstreams are told; from anyone else it is removed."""


class UpstreamSpec(Spec):
    """A service that requests are sent to: one `url`, several `targets`, or a name in `dns`."""

    url: UpstreamUrl | None = None
    """Where it is, when it has one address."""
    targets: OneOrMany[Target] = ()
    """Where it is, when it has several addresses; over TLS when `tls` is given."""
    dns: LookupName | None = None
    """The name that it is found by; all addresses that the name stands for are used."""
    port: Port | None = None
    """Its port at each of them."""
    refresh: Duration = written("5s")
    """How often the name is looked up."""
    balance: Balance = Balance.ROUND_ROBIN
    """How the next address is chosen."""
    eject: EjectSpec | None = None
    """When an address is left alone because requests to it fail; never when left out."""
    health: HealthSpec | None = None
    """What each address is asked now and then to know that it is well; nothing when left out."""
    pool: PoolSpec = PoolSpec()
    """The connections kept to each address."""
    tls: UpstreamTlsSpec | None = None
    """How it proves who it is."""
    hosts: OneOrMany[HostName] = ()
    """Hosts by which the service calls it through `listeners.outbound`, besides its name and its
    addresses; one without a port is meant with any."""
    local: Bind | None = None
    """An address of its own on this machine, at which the service can call it."""
    timeouts: TimeoutsSpec = TimeoutsSpec()
    """How long requests to it may take, unless their route says otherwise."""

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Every address that requests may be sent to, as far as the file names them."""
        return (self.url.address,) if self.url is not None else self.targets

    @property
    def speaks_tls(self) -> bool:
        """Whether connections to it are encrypted."""
        return self.tls is not None or (self.url is not None and self.url.tls)


class KeySource(Enum):
    """Where the value of a key comes from."""

    CLIENT_ADDRESS = "client.address"
    HEADER = "header"
    COOKIE = "cookie"
    QUERY = "query"
    PATH = "path"
    JWT = "jwt"


class Believe(Enum):
    """From whom a header is believed."""

    CALLERS = "callers"
    ANYONE = "anyone"


class KeySpec(Spec):
    """A value of the request that rules tell requests apart by."""

    source: KeySource = Field(alias="from")
    """Where the value comes from."""
    name: Text = ""
    """The name of the header field, the cookie or the query parameter."""
    segment: Count | None = None
    """Which segment of the path, counted from 1."""
    claim: Text = ""
    """The claim of the token, for a key from `jwt`; dots lead into nested claims."""
    stand_in: KeyName | None = Field(default=None, alias="or")
    """The key whose value is taken when this one is missing."""
    default: Text | None = None
    """The value taken when this one is missing."""
    track_at_most: Count = 10_000
    """How many values are remembered; the least recently used goes first."""
    believe: Believe = Believe.CALLERS
    """`callers` removes the header from requests of anyone but `trust.callers`; `anyone` is
    for what clients present themselves, such as an API key."""

    @property
    def field_name(self) -> bytes:
        """The header field that must be read for it, in lower case; empty for none."""
        if self.source is KeySource.HEADER:
            return self.name.lower().encode("ascii", "ignore")
        return b"cookie" if self.source is KeySource.COOKIE else b""


class Direction(Enum):
    """From which side requests come."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class RouteSpec(Spec):
    """A kind of request with a name, which stands in metrics and logs."""

    name: Name
    """Unique among the routes."""
    match: MatchSpec = MatchSpec()
    """Which requests; the first route that matches wins."""
    upstream: Name | None = None
    """Where they go; the upstream of the listener when left out."""
    listener: Direction | None = None
    """Only what comes in at `inbound`, or only what the service calls (`outbound`); a route with
    an `upstream` names both when left out, one without it what comes in."""
    timeouts: TimeoutsSpec = TimeoutsSpec()
    """How long they may take; what is left out here is as in `timeouts`."""

    @property
    def arrives(self) -> bool:
        """Whether it names requests that come in."""
        return self.listener is not Direction.OUTBOUND

    @property
    def leaves(self) -> bool:
        """Whether it names calls of the service."""
        return self.upstream is not None and self.listener is not Direction.INBOUND


class LevelHeaderSpec(Spec):
    """The priority that a header field of the request names, if it names one."""

    header: HeaderName
    """The field; it is removed from requests of anyone but `trust.callers`."""

    @property
    def field_name(self) -> bytes:
        """The field in lower case."""
        return self.header.lower().encode("ascii")


#: Errors say the tag of what was expected: for a plain value, the field's name.
_TOLD, _PLAIN = "told", "level"


def _level_form(value: object) -> str:
    return _TOLD if isinstance(value, dict | LevelHeaderSpec) else _PLAIN


class PrioritySpec(Spec):
    """Requests of one priority: who is shed later, and waits in front of others."""

    name: Name
    """Unique among the priorities."""
    match: MatchSpec = MatchSpec()
    """Which requests; the first priority that matches wins."""
    level: Annotated[
        Annotated[LevelHeaderSpec, Tag(_TOLD)] | Annotated[PriorityWord, Tag(_PLAIN)],
        Discriminator(_level_form),
    ]
    """`critical`, `high`, `medium` or `low`, or `{header: NAME}` for what a trusted caller says;
    a request in which that is no such word goes on to the next priority."""

    @property
    def told_by(self) -> LevelHeaderSpec | None:
        """The header field that says the level, where it is not written here."""
        level = getattr(self, "level", None)
        return level if isinstance(level, LevelHeaderSpec) else None
