"""A real Elasticsearch: stopped, frozen, killed and started again as a test wants it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import elastic_transport
from elasticsearch import Elasticsearch, helpers

from tests.servers import elasticsearch_files as files
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.ports import free_port, is_listening, wait_until
from tests.servers.processes import Process, ProcessDiedError, is_running
from tests.servers.programs import versions

_STOP_SECONDS = 20.0
_START_ATTEMPTS = 3
_POLL_REQUEST_SECONDS = 5.0
_REQUEST_SECONDS = 30.0

OLDEST_JAVA = {"8": 17, "9": 21}

#: A document as a search answers it: ``_index``, ``_id``, ``_source``.
Hit = dict[str, Any]


class ElasticsearchServer:
    """One node with its data in a folder of its own, which outlives a stop."""

    def __init__(
        self,
        folder: Path,
        version: str,
        port: int,
        security: files.Security | None,
        ca: Path | None,
    ) -> None:
        self.version = version
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.security = security
        #: The certificate to trust, where it speaks TLS.
        self.ca = ca
        self._folder = folder
        self._java = files.java_home(OLDEST_JAVA[version.partition(".")[0]])
        self._home = files.unpack(files.distribution(version), folder)
        for name in ("data", "logs", "tmp"):
            (folder / name).mkdir()
        files.configure(self._home, port, security)
        files.hand_over(folder)
        self._clients: list[Elasticsearch] = []
        self._server_pid = 0
        self.process = self._launch()

    @property
    def url(self) -> str:
        """Where clients connect, ``http://`` or ``https://``."""
        return f"http{'s' if self.security else ''}://{self.address}"

    @property
    def log(self) -> str:
        """Everything it wrote since it was first started."""
        return self.process.log

    def client(self, user: files.User | None = None, **options: Any) -> Elasticsearch:
        """The official client, as ``user`` or as the first one that the server knows.

        ``options`` are the client's own. It is closed when the server ends.
        """
        if self.security is not None:
            chosen = user or self.security.users[0]
            options = {
                "basic_auth": (chosen.name, chosen.password),
                "ca_certs": str(self.ca),
                **options,
            }
        client = Elasticsearch(self.url, **{"request_timeout": _REQUEST_SECONDS, **options})
        self._clients.append(client)
        return client

    # --- what is in it

    def refresh(self, pattern: str = "*") -> None:
        """Make what was written so far visible to searches."""
        self._client.indices.refresh(index=pattern)

    def count(self, pattern: str = "*", query: Mapping[str, Any] | None = None) -> int:
        """How many documents there are now; 0 where there is no such index."""
        self.refresh(pattern)
        return int(self._client.count(index=pattern, query=query)["count"])

    def wait_for_count(
        self, pattern: str, count: int, timeout_seconds: float = PATIENCE_SECONDS, **query: Any
    ) -> None:
        """Return once there are exactly that many documents; raise ``TimeoutError``."""

        def reached() -> bool:
            return self.count(pattern, **query) == count

        wait_until(reached, f"{count} documents in {pattern}", timeout_seconds)

    def search_all(self, pattern: str = "*", query: Mapping[str, Any] | None = None) -> list[Hit]:
        """Every document that ``query`` finds, however many, in no order."""
        self.refresh(pattern)
        body = {"query": dict(query or {"match_all": {}})}
        return list(helpers.scan(self._client, query=body, index=pattern, size=1_000))

    def data_streams(self) -> dict[str, Any]:
        """The data streams by name, as the cluster's state has them."""
        metadata = self._client.cluster.state(metric="metadata")["metadata"]
        streams: dict[str, Any] = metadata.get("data_stream", {}).get("data_stream", {})
        return streams

    def wipe(self) -> None:
        """Delete every document and every index.

        A data stream stays, empty, and so does the template it was made from: this server lacks
        the call that deletes one. ``start_afresh`` forgets them too.
        """
        streams = self.data_streams()
        for name in streams:
            if self.count(name):
                self._client.indices.rollover(alias=name)
        kept = {stream["indices"][-1]["index_name"] for stream in self.data_streams().values()}
        every = self._client.indices.get(index="*", expand_wildcards="all", features="aliases")
        for name in set(every) - kept:
            self._client.indices.delete(index=name)

    # --- whether it runs

    @property
    def pids(self) -> tuple[int, int]:
        """The launcher that was started, and the server that this started."""
        return self.process.pid, self._server_pid

    def is_healthy(self) -> bool:
        """Whether it answers, with every primary shard in its place."""
        if not is_listening(self.address):
            return False
        prober = self._client.options(request_timeout=_POLL_REQUEST_SECONDS)
        try:
            health = prober.cluster.health()
        except (elastic_transport.TransportError, elastic_transport.ApiError):
            return False
        return health["status"] in {"yellow", "green"}

    def stop(self) -> None:
        """End it by SIGTERM, as an operator does; what it had acknowledged stays."""
        self.thaw()
        self.process.stop(_STOP_SECONDS)
        self._wait_until_ended()

    def kill(self) -> None:
        """End it as a power cut does; what it had acknowledged stays."""
        self.process.kill()
        self._wait_until_ended()

    def freeze(self) -> None:
        """Leave it with its port open and no answer to anything, until ``thaw``."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on; one that runs, or has ended, is left alone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGCONT)

    def start(self) -> None:
        """Start it again on its port with its data, and return once it is healthy."""
        self.process = self._launch()
        self.wait_until_healthy()

    def start_afresh(self) -> None:
        """Stop it, and start it with neither data nor templates."""
        self.stop()
        shutil.rmtree(self._folder / "data")
        (self._folder / "data").mkdir()
        files.hand_over(self._folder / "data")
        self.start()

    def make_ready(self) -> None:
        """Whatever the test before did to it: let it run, healthy and empty."""
        self.thaw()
        if self.process.exit_status is not None:
            self.start()
        self.wait_until_healthy()
        self.wipe()

    def wait_until_healthy(self) -> None:
        """Return once it is; raises as ``Process.wait_until_ready`` does, with its log."""
        self.process.wait_until_ready(self.is_healthy, "healthy", PATIENCE_SECONDS)
        self._server_pid = _only_child(self.process.pid)

    def close(self) -> None:
        """End it, and every client that was handed out."""
        self.stop()
        for client in self._clients:
            client.close()

    @property
    def _client(self) -> Elasticsearch:
        return self._clients[0] if self._clients else self.client()

    def _launch(self) -> Process:
        return Process(
            f"elasticsearch-{self.version}",
            files.unprivileged([self._home / "bin" / "elasticsearch"]),
            self._folder / "elasticsearch.log",
            environment={
                "ES_JAVA_HOME": str(self._java),
                "ES_TMPDIR": str(self._folder / "tmp"),
                "HOME": str(self._folder),
            },
            folder=self._folder,
        )

    def _wait_until_ended(self) -> None:
        """The launcher has ended; the server may take a moment longer, and holds the data."""
        if self._server_pid:
            try:
                wait_until(lambda: not is_running(self._server_pid), "server ended", _STOP_SECONDS)
            except TimeoutError:
                os.kill(self._server_pid, signal.SIGKILL)
                raise


def _only_child(pid: int) -> int:
    # Each thread has its own list of children.
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    [child] = (int(found) for each in lists for found in each.read_text(encoding="ascii").split())
    return child


@contextlib.contextmanager
def run_elasticsearch(
    major: str = "8", *, security: files.Security | None = None, ca: Path | None = None
) -> Iterator[ElasticsearchServer]:
    """Start the Elasticsearch of that major version; end it and delete its data afterwards."""
    version = versions()[f"ELASTICSEARCH_{major}"]
    for attempt in range(_START_ATTEMPTS):
        # Not below pytest's folders: the server's own user may not enter those.
        folder = Path(tempfile.mkdtemp(prefix="elasticsearch-"))
        with contextlib.ExitStack() as cleaning:
            cleaning.callback(shutil.rmtree, folder)
            server = ElasticsearchServer(folder, version, free_port(), security, ca)
            cleaning.callback(server.close)
            try:
                server.wait_until_healthy()
            except ProcessDiedError:
                # Somebody else may have taken its port meanwhile.
                if attempt + 1 == _START_ATTEMPTS:
                    raise
                continue
            yield server
            return
