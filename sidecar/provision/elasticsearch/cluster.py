"""What provisioning asks of a cluster, and how a cluster says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from sidecar.elastic.connect import said
from sidecar.provision.elasticsearch.wanted import Kind, Wanted
from sidecar.provision.step import Refused

_LISTED: Final = {Kind.COMPONENT: "component_templates", Kind.INDEX: "index_templates"}
_BODY: Final = {Kind.COMPONENT: "component_template", Kind.INDEX: "index_template"}
#: No stream is called like that.
_PROBED: Final = "sidecar-probe-*"


class Cluster:
    """One cluster. What it refuses raises ``Refused``; out of reach, what the client raises."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    @property
    def version(self) -> str:
        """The version of the node that answers; empty where that is not told."""
        try:
            return str(self._ask("GET", "/")["version"]["number"])
        except (Refused, KeyError, TypeError):
            pass
        try:
            nodes = self._ask("GET", "/_nodes/_local?filter_path=nodes.*.version")["nodes"]
            return str(next(iter(nodes.values()))["version"])
        except (Refused, KeyError, TypeError, StopIteration):
            return ""

    def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """What is there by that name."""
        found = self._find(f"/_{_BODY[kind]}/{name}")
        if found is None:
            return None
        [one] = found[_LISTED[kind]]
        body: dict[str, Any] = one[_BODY[kind]]
        return body

    def put(self, thing: Wanted) -> None:
        """Have it there as it is wanted."""
        self._ask("PUT", f"/_{_BODY[thing.kind]}/{thing.name}", thing.body)

    def probe(self, template: Mapping[str, Any]) -> None:
        """Whether a template of that content would be taken; nothing is created."""
        body = {"index_patterns": [_PROBED], "priority": 0, "template": template}
        self._ask("POST", "/_index_template/_simulate", body)

    def streams(self, pattern: str) -> dict[str, str]:
        """The data streams that are there, each with how long it keeps documents, if it says."""
        found = self._find(f"/_data_stream/{pattern}")
        streams = (found or {}).get("data_streams", [])
        return {one["name"]: one.get("lifecycle", {}).get("data_retention", "") for one in streams}

    def named(self, pattern: str) -> list[str]:
        """The names of the data streams that are there."""
        found = self._find(f"/_resolve/index/{pattern}")
        return [one["name"] for one in (found or {}).get("data_streams", [])]

    def keep(self, stream: str, retention: str) -> None:
        """Let a data stream that is there keep documents for so long."""
        body = {"data_retention": retention}
        self._ask("PUT", f"/_data_stream/{stream}/_lifecycle", body)

    def _find(self, path: str) -> dict[str, Any] | None:
        try:
            return self._send("GET", path)
        except NotFoundError:
            return None
        except ApiError as error:
            raise Refused(said(error)) from error

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return self._send(method, path, body)
        except ApiError as error:
            raise Refused(said(error)) from error

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        headers = {"accept": "application/json", "content-type": "application/json"}
        answer: dict[str, Any] = self._client.perform_request(
            method, path, headers=headers, body=body
        ).body
        return answer
