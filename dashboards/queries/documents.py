"""What is asked of log records and spans in Elasticsearch: in Lucene's language, with variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: The services that are chosen. All of them is `.+`, so that it has to be a regular expression.
OF_SERVICE: Final = "resource.attributes.service.name:/${service:regex}/"


def events(names: Iterable[str]) -> str:
    """Records with one of these names, of the services that are chosen."""
    either = " OR ".join(f'"{name}"' for name in names)
    return f"event_name:({either}) AND {OF_SERVICE}"
