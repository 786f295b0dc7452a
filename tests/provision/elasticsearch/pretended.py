"""A cluster that keeps templates and streams in memory, and knows as much as a test lets it."""

from __future__ import annotations

import json
import re
from typing import Any

from elasticsearch import Elasticsearch

from tests.elastic.scripted_node import Answer, Asked, Scripted, error

_KINDS = {"_component_template": "component_template", "_index_template": "index_template"}


class PretendedCluster:
    """Answers like Elasticsearch what provisioning asks."""

    def __init__(self) -> None:
        self.templates: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in _KINDS}
        #: Retention by name; None for one without.
        self.streams: dict[str, str | None] = {}
        self.lacks: set[str] = set()
        #: Method and beginning of a path to what is answered.
        self.refuses: dict[tuple[str, str], Answer] = {}
        self.changes: list[str] = []
        self._scripted = Scripted(self._answer)

    def client(self, *hosts: str, **options: Any) -> Elasticsearch:
        """The official client for it."""
        return self._scripted.client(*hosts, **options)

    def _answer(self, asked: Asked) -> Answer:
        for (method, beginning), refusal in self.refuses.items():
            if asked.method == method and asked.target.startswith(beginning):
                return refusal
        if asked.method == "PUT":
            self.changes.append(asked.target)
        target, _, _ = asked.target.partition("?")
        kind, _, name = target.removeprefix("/").partition("/")
        if target == "/":
            return Answer(200, {"version": {"number": "9.9.9"}})
        if target == "/_index_template/_simulate":
            return self._lacking(asked.body.decode()) or Answer(200, {"template": {}})
        if kind in _KINDS:
            return self._template(asked, kind, name)
        return self._stream(asked, name)

    def _template(self, asked: Asked, kind: str, name: str) -> Answer:
        if asked.method == "PUT":
            lacking = self._lacking(asked.body.decode())
            if lacking is not None:
                return lacking
            self.templates[kind][name] = json.loads(asked.body)
            return Answer(200, {"acknowledged": True})
        found = self.templates[kind].get(name)
        if found is None:
            return error(404, "resource_not_found_exception", f"{name} not found")
        whole = json.loads(json.dumps(found))
        whole |= {"created_date_millis": 1, "modified_date_millis": 2}
        if "lifecycle" in whole.get("template", {}):
            whole["template"]["lifecycle"]["enabled"] = True
        return Answer(200, {f"{_KINDS[kind]}s": [{"name": name, _KINDS[kind]: whole}]})

    def _stream(self, asked: Asked, name: str) -> Answer:
        if asked.method == "PUT":
            self.streams[name.removesuffix("/_lifecycle")] = json.loads(asked.body)[
                "data_retention"
            ]
            return Answer(200, {"acknowledged": True})
        pattern = re.compile(name.removeprefix("index/").replace(".", r"\.").replace("*", ".*"))
        found = [
            {"name": one, **({"lifecycle": {"data_retention": kept}} if kept else {})}
            for one, kept in self.streams.items()
            if pattern.fullmatch(one)
        ]
        return Answer(200, {"data_streams": found})

    def _lacking(self, body: str) -> Answer | None:
        for name in sorted(self.lacks):
            if f'"type":"{name}"' in body:
                reason = f"The mapper type [{name}] declared on field [x] does not exist."
                return error(400, "mapper_parsing_exception", reason)
            if f'"{name}":' in body and "." in name:
                reason = f"unknown setting [{name}] please check"
                return error(400, "illegal_argument_exception", reason)
            if f'"{name}":' in body and name == "lifecycle":
                return error(400, "x_content_parse_exception", "unknown field [lifecycle]")
        return None
