"""What may be asked of a running sidecar: nothing here changes anything."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from prometheus_client.exposition import gzip_accepted

from sidecar.admin import answers as a
from sidecar.admin.configuration import configuration, masked_text
from sidecar.admin.decided import DecisionList, Explanation
from sidecar.admin.inside import Inside
from sidecar.admin.operation import Call, Operation, json_response
from sidecar.admin.refusal import Refused
from sidecar.admin.rules_view import breakers, controls, rules, switches
from sidecar.admin.status_view import overview, rule_file, status
from sidecar.admin.telling import FILTERS, decision_of, explanation_of, wanted_by
from sidecar.admin.traced import TraceAnswer, TraceList
from sidecar.admin.traces_view import (
    TRACE_FILTERS,
    summaries,
    trace_answer,
    traced_by,
    traces_named,
)
from sidecar.admin.traffic_view import routes, upstreams
from sidecar.model.reading import closest
from sidecar.ruleset.controls import What
from sidecar.telemetry.exposition import MetersCollector, expose
from sidecar.telemetry.redaction import readable

#: Larger pages are compressed off the loop.
_COMPRESS_OFF_LOOP_BYTES: Final = 16 * 1024
_DECISIONS: Final = 100
_DECISIONS_AT_MOST: Final = 6000
_CHANGES: Final = 100
_CHANGES_AT_MOST: Final = 500
#: So many digits of an id tell those apart that are remembered.
_ID_AT_LEAST: Final = 6
_REMEMBERED: Final = (
    "the last 2000 notable ones are, the last 1000 of other traces that are kept, and the last "
    "4000 of what simply passed"
)
_LIMIT: Final = {"limit": "How many at most."}
_YES: Final = ("", "1", "true", "yes")


async def live(_: Call) -> a.Live:
    """That this runs at all says that the event loop turns."""
    return a.Live(live=True)


async def ready(call: Call) -> web.Response:
    """503 takes the service out of its load balancer."""
    reason = call.inside.readiness.reason
    return json_response(a.Ready(ready=not reason, reason=reason), 503 if reason else 200)


async def metrics(call: Call) -> web.Response:
    """Text or OpenMetrics, as the scraper prefers; compressed for those who ask."""
    headers = call.request.headers
    page = await expose(MetersCollector(call.inside.meters), headers.get("Accept", ""))
    response = web.Response(
        body=page.body,
        headers={"Content-Type": page.content_type, "Vary": "Accept, Accept-Encoding"},
        zlib_executor_size=_COMPRESS_OFF_LOOP_BYTES,
    )
    if gzip_accepted(headers.get("Accept-Encoding", "")):
        response.enable_compression(web.ContentCoding.gzip)
    return response


async def version(call: Call) -> a.Version:
    """What is running, and with which rules."""
    meters = call.inside.meters
    reloads = meters.reloads
    return a.Version(
        service=meters.service,
        version=meters.version,
        python=meters.python,
        rules=a.RulesVersion(
            version=call.inside.live.rules.version,
            reloads=reloads.successes,
            failed_reloads=reloads.failures,
            last_reload_failed=reloads.last_failed,
        ),
    )


async def _status(call: Call) -> a.Status:
    return status(call.inside)


async def _overview(call: Call) -> a.Overview:
    return overview(call.inside)


async def _rule_file(call: Call) -> a.RuleFileAnswer:
    answer = rule_file(call.inside)
    answer.text = masked_text(call.inside.live.checked.document)
    return answer


async def _configuration(call: Call) -> a.Configuration:
    live = call.inside.live
    shown = configuration(live.file, live.checked.document)
    return a.Configuration(version=live.rules.version, configuration=shown)


async def _rules(call: Call) -> a.RuleList:
    return a.RuleList(rules=rules(call.inside))


async def _rule(call: Call) -> a.RuleAnswer:
    kind, name = call.part("kind"), call.part("name")
    found = [one for one in rules(call.inside, kind) if one.name == name]
    if not found:
        labels = call.steering.labels()
        meant = closest(f"{kind}/{name}", labels)
        hint = f"; did you mean {meant}?" if meant else ""
        raise Refused(404, f"there is no rule {kind}/{name}{hint}", labels)
    return found[0]


async def _routes(call: Call) -> a.RouteList:
    return a.RouteList(routes=routes(call.inside))


async def _upstreams(call: Call) -> a.UpstreamList:
    return a.UpstreamList(upstreams=upstreams(call.inside))


async def _breakers(call: Call) -> a.BreakerList:
    return a.BreakerList(breakers=breakers(call.inside))


async def _switches(call: Call) -> a.SwitchList:
    return a.SwitchList(switches=switches(call.inside))


async def _overrides(call: Call) -> a.OverrideList:
    return a.OverrideList(overrides=controls(call.inside, What.OVERRIDE))


async def _decisions(call: Call) -> DecisionList:
    wanted = wanted_by(call.request.query)
    count = call.count("limit", _DECISIONS, _DECISIONS_AT_MOST)
    everything = "all" in call.request.query and call.asked("all") in _YES
    everything = everything or call.asked("outcome") == "admitted"
    found = call.inside.decisions.last(wanted, count, also_admitted=everything)
    return DecisionList(decisions=[decision_of(one) for one in found])


async def _decision(call: Call) -> Explanation:
    found = call.inside.decisions.find(_of_an_id(call))
    if found is None:
        raise Refused(404, f"no decision {call.part('id')} is remembered: {_REMEMBERED}")
    return explanation_of(found)


def _of_an_id(call: Call) -> bytes:
    """The beginning of an id, as it stands in the path. Raises ``Refused``."""
    wanted = call.part("id")
    if len(wanted) < _ID_AT_LEAST:
        raise Refused(422, f"'{wanted}' is too short: write {_ID_AT_LEAST} digits of it at least")
    return wanted.lower().encode("utf-8", "replace")


async def _traces(call: Call) -> TraceList:
    query = call.request.query
    count = call.count("limit", _DECISIONS, _DECISIONS_AT_MOST)
    wanted = traced_by(query, wanted_by(query))
    return TraceList(traces=summaries(call.inside, wanted, count))


async def _trace(call: Call) -> TraceAnswer:
    wanted = _of_an_id(call)
    found = traces_named(call.inside, wanted)
    if len(found) > 1:
        ids = sorted(readable(one) for one in found)
        raise Refused(422, f"{readable(wanted)} may be one of several: write more of it", ids)
    if not found:
        raise Refused(404, f"no trace {readable(wanted)} is remembered: {_REMEMBERED}")
    return trace_answer(call.inside, *found.values())


async def _audit(call: Call) -> a.Audit:
    return a.Audit(changes=call.inside.audit.last(call.count("limit", _CHANGES, _CHANGES_AT_MOST)))


async def _log_level(call: Call) -> a.LogLevel:
    return a.LogLevel(level=call.inside.log.level)


async def _drain(call: Call) -> a.Drain:
    return draining(call.inside)


def draining(inside: Inside) -> a.Drain:
    """Whether new requests are unwelcome, and how many still run."""
    readiness = inside.readiness
    reason = "stopping" if readiness.stage == "draining" else "by hand" if readiness.by_hand else ""
    running = sum(one.in_flight for one in inside.meters.servers.values())
    return a.Drain(draining=bool(reason), reason=reason, in_flight=running)


_TEXT: Final = "text/plain"
#: What anybody may ask who may scrape.
HEALTH: Final = (
    Operation("GET", "/livez", "Whether it is alive", live, a.Live),
    Operation("GET", "/readyz", "Whether it is ready", ready, a.Ready, also=(503,)),
    Operation(
        "GET", "/metrics", "Metrics for Prometheus", metrics, None,
        query={"name[]": "Taken, and not used."}, content_type=_TEXT,
    ),
)  # fmt: skip
QUESTIONS: Final = (
    Operation("GET", "/version", "What runs here", version, a.Version),
    Operation("GET", "/v1/status", "One look", _status, a.Status),
    Operation("GET", "/v1/overview", "All that moves, at one moment", _overview, a.Overview),
    Operation("GET", "/v1/rule-file", "The file, and its mistakes", _rule_file, a.RuleFileAnswer),
    Operation("GET", "/v1/config", "The configuration in force", _configuration, a.Configuration),
    Operation("GET", "/v1/rules", "Every rule", _rules, a.RuleList),
    Operation(
        "GET", "/v1/rules/{kind}/{name}", "One rule", _rule, a.RuleAnswer,
        problems={404: "No rule has this kind and name."},
    ),
    Operation("GET", "/v1/routes", "Every route", _routes, a.RouteList),
    Operation("GET", "/v1/upstreams", "Upstreams and endpoints", _upstreams, a.UpstreamList),
    Operation("GET", "/v1/breakers", "Every breaker", _breakers, a.BreakerList),
    Operation("GET", "/v1/switches", "Every switch", _switches, a.SwitchList),
    Operation("GET", "/v1/overrides", "Overrides in force", _overrides, a.OverrideList),
    Operation(
        "GET", "/v1/decisions", "The last decisions", _decisions, DecisionList,
        query={**FILTERS, **_LIMIT, "all": "Those that passed as well."},
        problems={422: "A filter that means nothing."},
    ),
    Operation(
        "GET", "/v1/decisions/{id}", "One decision, with its numbers", _decision, Explanation,
        problems={404: "It is not remembered.", 422: "Too little of an id."},
    ),
    Operation(
        "GET", "/v1/traces", "The last traces, as far as they came by here", _traces, TraceList,
        query={**FILTERS, **TRACE_FILTERS, **_LIMIT},
        problems={422: "A filter that means nothing."},
    ),
    Operation(
        "GET", "/v1/traces/{id}", "One trace, or that of a decision: its spans here", _trace,
        TraceAnswer,
        problems={404: "It is not remembered.", 422: "Too little of an id."},
    ),
    Operation(
        "GET", "/v1/audit", "The last changes", _audit, a.Audit, query=_LIMIT,
        problems={422: "A limit that is no number."},
    ),
    Operation("GET", "/v1/log-level", "What is logged", _log_level, a.LogLevel),
    Operation("GET", "/v1/drain", "Whether new requests are welcome", _drain, a.Drain),
)  # fmt: skip
