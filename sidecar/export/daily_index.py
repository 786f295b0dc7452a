"""Indices for documents of a cluster without our templates: one for each day and stream."""

from __future__ import annotations

from typing import Final

from elasticsearch import ApiError, BadRequestError, Elasticsearch

from sidecar.elastic.connect import said
from sidecar.elastic.mappings import lacking_part, mappings, settings
from sidecar.export.bulk_form import dated_index
from sidecar.export.item import Item

#: No more names are remembered: documents of a thousand days do not come in one life.
_MOST_REMEMBERED: Final = 1000
_EXISTS: Final = "resource_already_exists_exception"
_STREAMS_ONLY: Final = "data streams only"


class DailyIndices:
    """Creates them with the right mappings, for what comes into being by itself has others."""

    def __init__(self) -> None:
        self._there: set[str] = set()
        self._lacking: set[str] = set()

    def prepare(self, client: Elasticsearch, item: Item) -> bool:
        """Have the index for this document; False when a template makes its stream after all.

        Raises what the client does when it cannot be created.
        """
        name = dated_index(item)
        if name in self._there:
            return True
        try:
            self._create(client, name, item.signal.value)
        except BadRequestError as error:
            if _STREAMS_ONLY in said(error):
                return False
            if error.error != _EXISTS:
                raise
        if len(self._there) >= _MOST_REMEMBERED:
            self._there.clear()
        self._there.add(name)
        return True

    def _create(self, client: Elasticsearch, name: str, signal: str) -> None:
        """Without what the cluster lacks, which it tells one by one."""
        while True:
            try:
                client.indices.create(
                    index=name,
                    mappings=mappings(signal, self._lacking),
                    settings=settings(self._lacking),
                )
            except ApiError as error:
                lacking = lacking_part(said(error))
                if not lacking or lacking in self._lacking:
                    raise
                self._lacking.add(lacking)
            else:
                return
