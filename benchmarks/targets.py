"""The table of proxies that are measured, and how each is started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.growth import OTHER_RULES

#: So high that nobody is ever refused while the work of limiting is done for every request.
OPEN_LIMITS: Mapping[str, str] = {
    "CLIENT_RATE": "1000000",
    "CLIENT_BURST": "100000",
    "TENANT_RATE": "1000000",
    "TENANT_BURST": "100000",
}
NO_OTHER_RULES: Mapping[str, str] = {"OTHER_ROUTES": "", "OTHER_ACCESS": "", "OTHER_LIMITS": ""}
#: The peers' share of sampled traces.
SAMPLED = "1%"
#: To where Envoy's spans go, and as they do.
EXPORTING: Mapping[str, str] = {
    "SAMPLE": SAMPLED,
    "EXPORTERS": '  otlp: {endpoint: "http://127.0.0.1:@COLLECTOR_PORT@"}',
}
NOT_EXPORTING: Mapping[str, str] = {"SAMPLE": SAMPLED, "EXPORTERS": ""}


@dataclass(frozen=True, slots=True)
class Target:
    """One row of the table.

    The words of ``command`` may hold ``{config}``, ``{home}``, ``{port}``, ``{upstream_port}``
    and ``{program:NAME}``.
    """

    name: str
    title: str
    program: str
    command: tuple[str, ...]
    template: str = ""
    governed: bool = False
    #: In every so-manieth round: those that the goals are about in each, the others now and then.
    every: int = 4
    #: Written to standard output by the program itself, which is then its access log.
    logs_to_stdout: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    #: They may hold names of those that every template gets.
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def exports_spans(self) -> bool:
        """Whether it sends some of its spans to a collector."""
        return self.exports or self.name == EQUALLY_GOVERNED

    @property
    def exports(self) -> bool:
        """Whether it is a sidecar that has a child to tell others by."""
        return bool(self.values.get("EXPORTERS"))


_NGINX = ("{program:nginx}", "-e", "{home}/start.err", "-p", "{home}", "-c", "{config}")
_HAPROXY = ("{program:haproxy}", "-db", "-f", "{config}")
_ENVOY = (
    "{program:envoy}",
    "-c",
    "{config}",
    "--concurrency",
    "1",
    "--log-level",
    "error",
    "--disable-hot-restart",
    # As often as the others write theirs; the default is ten seconds.
    "--file-flush-interval-msec",
    "1000",
)
_SIDECAR = ("{program:sidecar}", "run", "{config}")
_STATE = {"SIDECAR_STATE_DIR": "{home}/state"}

UPSTREAM = Target("upstream", "the upstream itself", "nginx", _NGINX, "upstream.conf")

#: Ours first, then peers with the same features, then bare peers. To measure another build of
#: the sidecar, add a row with its command or environment.
TARGETS: tuple[Target, ...] = (
    Target(
        "sidecar",
        "sidecar, pure Python",
        "sidecar",
        _SIDECAR,
        "sidecar_governed.rules.yaml",
        governed=True,
        every=1,
        environment=_STATE,
        values={**NO_OTHER_RULES, **EXPORTING},
    ),
    Target(
        "sidecar-silent",
        "sidecar, exporters off",
        "sidecar",
        _SIDECAR,
        "sidecar_governed.rules.yaml",
        governed=True,
        every=1,
        environment=_STATE,
        values={**NO_OTHER_RULES, **NOT_EXPORTING},
    ),
    Target(
        "envoy-governed",
        "Envoy, governed",
        "envoy",
        _ENVOY,
        "envoy_governed.yaml",
        governed=True,
        every=1,
    ),
    Target("envoy", "Envoy, plain", "envoy", _ENVOY, "envoy_plain.yaml"),
    Target(
        "haproxy-governed",
        "HAProxy, governed",
        "haproxy",
        _HAPROXY,
        "haproxy_governed.cfg",
        governed=True,
        logs_to_stdout=True,
    ),
    Target("haproxy", "HAProxy, plain", "haproxy", _HAPROXY, "haproxy_plain.cfg", every=1),
    Target(
        "nginx-governed", "nginx, governed", "nginx", _NGINX, "nginx_governed.conf", governed=True
    ),
    Target("nginx", "nginx, plain", "nginx", _NGINX, "nginx_plain.conf"),
    Target(
        "aiohttp",
        "naive aiohttp proxy on uvloop",
        "python",
        ("{program:python}", "-m", "benchmarks.naive_proxy", "{port}", "{upstream_port}"),
    ),
)

#: What the others' cost is divided by.
EQUALLY_GOVERNED = "envoy-governed"
#: What the sidecar's cost is divided by to see the price of exporters.
SILENT = "sidecar-silent"
CHEAPEST = "haproxy"


def ours(targets: Iterable[Target]) -> tuple[Target, ...]:
    """The builds of the sidecar among them."""
    return tuple(target for target in targets if target.program == "sidecar")


def grown(target: Target) -> Target:
    """The same sidecar with 500 rules more, none of which applies to what is measured."""
    return replace(
        target,
        name=f"{target.name}-500-rules",
        title=f"{target.title}, with 500 rules on other routes",
        values={**target.values, **OTHER_RULES},
    )


def by_name(name: str) -> Target:
    """The target of that name.

    Raises :class:`LookupError` with the names there are.
    """
    for target in TARGETS:
        if target.name == name:
            return target
    message = f"no target {name!r}; there are: {', '.join(t.name for t in TARGETS)}"
    raise LookupError(message)
