"""What all connections of a process share: the rules in force, the clock, the counters."""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from random import Random
from typing import TYPE_CHECKING

from sidecar.cluster.retry_load import RetryLoad
from sidecar.proxy.clock import clock
from sidecar.proxy.connector import Connector
from sidecar.proxy.witness import FULLY_EXPLAINED
from sidecar.state.kept_traces import KeptTraces

if TYPE_CHECKING:
    from sidecar.cluster.endpoint import Cluster, Endpoint
    from sidecar.proxy.exchange import Exchange
    from sidecar.ruleset.routes import RuleSet
    from sidecar.telemetry.metrics import Meters
    from sidecar.telemetry.record import Noticed, RecordRing


class Engine:
    """One per process. Everything on it is used from the loop's thread only."""

    __slots__ = (
        "_connectors",
        "_retry_loads",
        "date",
        "exchanges",
        "explanations",
        "getrandbits",
        "kept_traces",
        "loop",
        "meters",
        "notices",
        "now",
        "outbound_pseudonym",
        "pseudonym",
        "records",
        "rules",
        "sample",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        rules: RuleSet,
        meters: Meters,
        records: RecordRing,
        random: Random,
    ) -> None:
        self.loop = loop
        #: The rule set in force. Swapping it is this one assignment (``install``).
        self.rules = rules
        self.meters = meters
        self.records = records
        self.exchanges: set[Exchange] = set()
        #: What calls of the service are kept, for the requests that they are made for.
        self.kept_traces = KeptTraces()
        #: What rules had to tell just now; whoever asked them takes it out at once.
        self.notices: list[Noticed] = []
        #: How many requests may still be explained in full in this second.
        self.explanations = FULLY_EXPLAINED
        self.getrandbits = random.getrandbits
        #: The name in ``Via``; unique per process, so that a loop is told from a second hop.
        self.pseudonym = b"%b-%08x" % (rules.service.encode("ascii"), self.getrandbits(32))
        #: The same for what the service itself sends: whom it calls need not learn its name, and
        #: what it calls may well come back to it.
        self.outbound_pseudonym = b"sidecar-%08x" % self.getrandbits(32)
        #: Coarse time, renewed by the sweep, for what needs no precision.
        self.now = clock()
        self.date = b""
        self._connectors: dict[Endpoint, Connector] = {}
        self._retry_loads: dict[str, RetryLoad] = {}
        self.tick(self.now)
        self.install(rules)

    def tick(self, now: float) -> None:
        """Renew what changes slowly; called by the sweep."""
        self.now = now
        self.explanations = FULLY_EXPLAINED
        self.kept_traces.forget(now)
        for cluster in self.rules.clusters.values():
            if cluster.health.down:
                cluster.health.look(now)
        self.date = formatdate(usegmt=True).encode("ascii")

    def install(self, rules: RuleSet) -> None:
        """Put a rule set in force. Requests that have begun keep theirs."""
        self.rules = rules
        for cluster in rules.clusters.values():
            for endpoint in cluster.endpoints:
                self.connector(endpoint)
            cluster.go_live()
        self.reap()

    def renew(self, cluster: Cluster) -> None:
        """The endpoints of a cluster of the rules in force have changed."""
        for endpoint in cluster.endpoints:
            self.connector(endpoint)
        cluster.go_live()
        self.reap()

    def reap(self) -> None:
        """Retire the endpoints that the rules know no more; forget those that no request uses."""
        known = {
            endpoint for cluster in self.rules.all_clusters() for endpoint in cluster.endpoints
        }
        for endpoint, connector in self._connectors.items():
            if endpoint in known:
                # It was given up, and has come back.
                connector.retired = False
            elif not connector.retired:
                connector.retire()
        for connector in [one for one in self._connectors.values() if one.is_done]:
            del self._connectors[connector.endpoint]
            if connector.endpoint.comes_and_goes:
                self.meters.forget(connector.meters)

    def connector(self, endpoint: Endpoint) -> Connector:
        """The connector of an endpoint of any rule set that still has requests running."""
        connector = self._connectors.get(endpoint)
        if connector is None:
            # A host that is called for the first time; or the endpoint went with a reload, and a
            # request of the rule set before needs it.
            every = self.rules.all_clusters()
            cluster = next((one for one in every if endpoint in one.endpoints), None)
            connector = self._new_connector(cluster, endpoint)
            connector.retired = cluster is None
            self._connectors[endpoint] = connector
        return connector

    def retry_load(self, cluster: str) -> RetryLoad:
        """How much is tried again of what goes to an upstream; the same object over reloads."""
        load = self._retry_loads.get(cluster)
        if load is None:
            load = self._retry_loads[cluster] = RetryLoad()
        return load

    def connectors(self) -> list[Connector]:
        """All connectors, those of endpoints that are going included."""
        return list(self._connectors.values())

    def _new_connector(self, cluster: Cluster | None, endpoint: Endpoint) -> Connector:
        name = cluster.name if cluster is not None else "retired"
        return Connector(self, endpoint, self.meters.client(name, endpoint.name))
