"""Questions to Elasticsearch, as Grafana's data source puts them.

A query is in Lucene's language. The fields are those of the documents that the exporter writes
(``export.documents``): attributes below ``attributes.``, whose they are below
``resource.attributes.``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from grafana_foundation_sdk.builders import elasticsearch as e
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.elasticsearch import BucketAggregation as Bucket
from grafana_foundation_sdk.models.elasticsearch import TermsOrder

from sidecar.telemetry import attributes as a
from sidecar.telemetry.declaration import Attribute

TIME: Final = "@timestamp"
SERVICE: Final = f"resource.attributes.{a.SERVICE.name}"
#: Of one decision there is a log record and an event of its span; the event has no severity.
TOLD: Final = "_exists_:severity_text"
_MOST: Final = 10


def field(attribute: Attribute) -> str:
    """Where an attribute of a span or a log record stands."""
    return f"attributes.{attribute.name}"


def chosen(name: str, variable: str) -> str:
    """``name`` is among what is chosen of a variable.

    A regular expression: what stands for all of them is one in Prometheus's language too.
    """
    return f"{name}:/${{{variable}:regex}}/"


#: The services that are chosen.
OF_SERVICE: Final = chosen(SERVICE, "service")


def events(names: Iterable[str]) -> str:
    """Records with one of these names, of the services that are chosen."""
    either = " OR ".join(f'"{name}"' for name in names)
    return f"event_name:({either}) AND {OF_SERVICE}"


def both(*conditions: str) -> str:
    """All of them hold."""
    return " AND ".join(one for one in conditions if one)


def spans(*conditions: str) -> str:
    """Spans of requests that came to the services that are chosen; those of calls are not here."""
    return both('kind:"Server"', OF_SERVICE, *conditions)


def failed_spans() -> str:
    """Such spans of requests that failed."""
    return spans(f"_exists_:{field(a.ERROR_TYPE)}")


def of_trace() -> str:
    """Everything that carries the id of the trace that is chosen."""
    return 'trace_id:"$trace"'


def with_words() -> str:
    """Only what has the words that are searched for."""
    return "($text)"


def printed() -> str:
    """Lines that the services themselves have printed."""
    return both("NOT _exists_:event_name", OF_SERVICE, with_words())


def requests() -> str:
    """Requests that failed, as the log has them."""
    failed = f"_exists_:{field(a.ERROR_TYPE)}"
    return both(events((a.REQUEST.name,)), failed, with_words())


def decisions(*conditions: str) -> str:
    """Log records of decisions of the services that are chosen."""
    return both(events((a.DECISION.name,)), TOLD, *conditions)


def of_rules() -> str:
    """Only those of the rules that are chosen."""
    return both(chosen(field(a.RULE_KIND), "kind"), chosen(field(a.RULE_NAME), "rule"))


def of_kind(kind: str) -> str:
    """Only those of one kind of rule, of the rules that are chosen."""
    return both(f'{field(a.RULE_KIND)}:"{kind}"', chosen(field(a.RULE_NAME), "rule"))


def refused() -> str:
    """Only those that refused, or in shadow mode would have."""
    return f'{field(a.OUTCOME)}:"refused"'


def in_mode(mode: str) -> str:
    """Only those of rules that act (``enforce``), or that do not (``shadow``)."""
    return f'{field(a.RULE_MODE)}:"{mode}"'


def with_key() -> str:
    """Only those that looked at a key."""
    return f"_exists_:{field(a.KEY_HASH)}"


def counted_by(query: str, names: Sequence[str], most: int = _MOST) -> e.Dataquery:
    """How many documents there are, a row for each combination of fields, most first."""
    return _asked(query).metrics([e.Count().id("1")]).bucket_aggs(_terms(names, most))


def counted_over_time(query: str, names: Sequence[str], most: int = _MOST) -> e.Dataquery:
    """How many documents there are in each step of the screen, a line for each combination."""
    steps = e.DateHistogram().field(TIME).id(str(len(names) + 2))
    steps.settings(e.ElasticsearchDateHistogramSettings().interval("auto").min_doc_count("0"))
    asked = _asked(query).metrics([e.Count().id("1")])
    asked.alias(" ".join(f"{{{{term {name}}}}}" for name in names) or "{{metric}}")
    return asked.bucket_aggs([*_terms(names, most), steps])


def longest_traces(query: str, most: int = 20) -> e.Dataquery:
    """The traces with the longest spans: the trace, its longest span's service and name."""
    longest = e.Max().field("duration").id("1")
    terms: list[Builder[Bucket]] = []
    for place, (name, size) in enumerate((("trace_id", most), (SERVICE, 1), ("name", 1))):
        settings = e.ElasticsearchTermsSettings().size(str(size)).order(TermsOrder.DESC)
        settings.order_by("1").min_doc_count("1")
        terms.append(e.Terms().field(name).id(str(place + 2)).settings(settings))
    return _asked(query).metrics([longest]).bucket_aggs(terms)


def newest(query: str, most: int = 100) -> e.Dataquery:
    """The documents themselves, as lines of a log."""
    settings = e.ElasticsearchLogsSettings().limit(str(most))
    return _asked(query).metrics([e.Logs().id("1").settings(settings)]).bucket_aggs([])


def documents(query: str, most: int = 500) -> e.Dataquery:
    """The newest documents as a table, a column for each of their fields."""
    settings = e.ElasticsearchRawDataSettings().size(str(most))
    return _asked(query).metrics([e.RawData().id("1").settings(settings)]).bucket_aggs([])


def _terms(names: Sequence[str], most: int) -> list[Builder[Bucket]]:
    made: list[Builder[Bucket]] = []
    for place, name in enumerate(names):
        settings = (
            e.ElasticsearchTermsSettings().size(str(most)).order(TermsOrder.DESC).order_by("_count")
        )
        made.append(e.Terms().field(name).id(str(place + 2)).settings(settings.min_doc_count("1")))
    return made


def _asked(query: str) -> e.Dataquery:
    return e.Dataquery().query(query).time_field(TIME)
