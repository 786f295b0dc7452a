"""The settings of a rule file for listeners: where requests come in, and what they may cost.

The docstring below a field is its description for editors; a default stands as an admin would
write it.
"""

from __future__ import annotations

from enum import Enum

from sidecar.model.spec import Spec
from sidecar.model.values import (
    Bind,
    ByteRate,
    Count,
    Duration,
    FilePath,
    Name,
    OneOrMany,
    PlainPath,
    Size,
    written,
)


class ClientCertificate(Enum):
    """What a TLS client must show."""

    NONE = "none"
    REQUEST = "request"
    REQUIRE = "require"


class ListenerTlsSpec(Spec):
    """The certificate that clients see; loaded again when its files change."""

    cert: FilePath
    """The certificate chain, PEM."""
    key: FilePath
    """Its private key, PEM."""
    client_ca: FilePath = ""
    """The authorities whose client certificates are accepted, PEM."""
    client_certificate: ClientCertificate = ClientCertificate.NONE
    """Whether clients are asked for a certificate, and whether they must have one."""


class ListenerLimitsSpec(Spec):
    """What a client may cost before any rule is asked."""

    request_line: Size = written("8KiB")
    """The longest request line; more is refused with 414."""
    header_bytes: Size = written("64KiB")
    """The largest head, request line included; more is refused with 431."""
    header_count: Count = 100
    """The most field lines; more are refused with 431."""
    body: Size = written("4GiB")
    """The largest request body; more is refused with 413."""
    head_within: Duration = written("10s")
    """How long a client may take to send a head."""
    body_rate: ByteRate = written("100B/s")
    """How slowly a client may send a body, from its tenth second on."""


class InboundLimitsSpec(ListenerLimitsSpec):
    """What a client may cost before any rule is asked."""

    connections: Count = 10_000
    """The most connections at a time."""
    connections_per_client: Count = 256
    """The most connections at a time from one address."""


class OutboundLimitsSpec(ListenerLimitsSpec):
    """What the service may cost before any rule is asked."""

    connections: Count = 4_000
    """The most connections at a time."""


class InboundSpec(Spec):
    """Where clients reach this service."""

    bind: Bind
    """The address to listen on; port 0 takes a free one."""
    to: Name = "app"
    """The upstream for requests whose route names none."""
    probes: OneOrMany[PlainPath] = ()
    """Paths of health probes; they pass access lists and limits."""
    tls: ListenerTlsSpec | None = None
    """Speak TLS here; plain HTTP when left out."""
    limits: InboundLimitsSpec = InboundLimitsSpec()
    """What a client may cost before any rule is asked."""
    keep_alive: Duration = written("60s")
    """How long an idle connection is kept."""


class Others(Enum):
    """What becomes of a request to a host that is no upstream's."""

    REFUSE = "refuse"
    LET_THROUGH = "pass"


class OutboundSpec(Spec):
    """Where the service calls its upstreams: by `Host`, or as the proxy of `HTTP_PROXY`."""

    bind: Bind
    """The address to listen on; port 0 takes a free one."""
    others: Others = Others.REFUSE
    """`refuse` answers 421 to a host that is no upstream's; `pass` lets the request through,
    without any rule."""
    limits: OutboundLimitsSpec = OutboundLimitsSpec()
    """What the service may cost before any rule is asked; these hold for `local` ports too."""
    keep_alive: Duration = written("5m")
    """How long an idle connection is kept."""


class ListenersSpec(Spec):
    """Where requests come in."""

    inbound: InboundSpec
    """Clients of this service."""
    outbound: OutboundSpec | None = None
    """This service, on its way to its upstreams; it listens on `local` ports alone when left
    out."""
