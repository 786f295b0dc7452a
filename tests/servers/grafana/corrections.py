"""Where Grafana's descriptions say otherwise than Grafana does, and how we know.

The descriptions are generated from Go's types. Where a type writes its JSON itself they are wrong,
and they are older than some fields. Each entry: the place, what stands there in truth, and why.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from tests.servers.grafana.exchange import Json

_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer"}
_OR_NULL = "a pointer in Go, and Grafana itself answers null: provisioning_alert_rules.go"
_TEXTS: Final = {"type": "array", "items": _TEXT}
_KEEP_LAST = "pkg/services/ngalert/models/alert_rule.go has KeepLast since Grafana 10.3"
_DURATION = "model.Duration of Prometheus, which is written as text"
_RANGES = "times, days, months and years are written as text: alertmanager/timeinterval"
_KIND_FILE = "kinds/dashboard/dashboard_kind.cue"
_RULE = "definitions/ProvisionedAlertRule"
_TYPES = (
    "alertmanager,dingding,discord,email,googlechat,kafka,line,oncall,opsgenie,pagerduty,pushover,"
    "sensugo,slack,sns,teams,telegram,threema,victorops,webex,webhook,wecom"
)

Correction = tuple[str, Any, str]


def _or_null(reference: str) -> Json:
    return {"anyOf": [{"type": "null"}, {"$ref": reference}]}


OF_API: Final[tuple[Correction, ...]] = (
    (f"{_RULE}/properties/for", _TEXT, _DURATION),
    (f"{_RULE}/properties/keep_firing_for", _TEXT, "since Grafana 12.0"),
    (f"{_RULE}/properties/missingSeriesEvalsToResolve", _WHOLE, "since Grafana 12.0"),
    (f"{_RULE}/properties/record", {"type": ["object", "null"]}, "since Grafana 11.2"),
    (
        f"{_RULE}/properties/notification_settings",
        _or_null("#/definitions/AlertRuleNotificationSettings"),
        _OR_NULL,
    ),
    (f"{_RULE}/properties/execErrState/enum", ["OK", "Alerting", "Error", "KeepLast"], _KEEP_LAST),
    (f"{_RULE}/properties/noDataState/enum", ["Alerting", "NoData", "OK", "KeepLast"], _KEEP_LAST),
    (
        "definitions/EmbeddedContactPoint/properties/type/enum",
        _TYPES.split(","),
        "the list is split at commas, so that all but the first have a space before them",
    ),
    (
        "definitions/EmbeddedContactPoint/properties/uid",
        _TEXT,
        "the contact point of a new Grafana has an empty one; given ones are checked elsewhere",
    ),
    (
        "definitions/MuteTimeInterval/properties",
        {
            "name": _TEXT,
            "time_intervals": {
                "type": "array",
                "items": {"$ref": "#/definitions/TimeIntervalItem"},
            },
            "provenance": {**_TEXT, "readOnly": True},
            "version": {**_TEXT, "readOnly": True},
        },
        "its intervals are described as if each had a name and intervals of its own",
    ),
    ("definitions/Route/properties/active_time_intervals", _TEXTS, "since Grafana 11.6"),
    ("definitions/DashboardFullWithMeta/properties/dashboard", {"type": "object"}, "simplejson"),
    (
        "responses/postDashboardResponse/schema/required",
        ["status", "version", "id", "uid", "url"],
        "what is described as title is the slug: pkg/api/dashboard.go",
    ),
    (
        "responses/postDashboardResponse/schema/properties/slug",
        _TEXT,
        "what is described as title is the slug: pkg/api/dashboard.go",
    ),
    (
        "responses/deleteDashboardResponse/schema",
        {"type": "object", "properties": {"message": _TEXT, "title": _TEXT, "uid": _TEXT}},
        "pkg/api/dashboard.go answers no id, but the uid",
    ),
    (
        "responses/deleteFolderResponse/schema/required",
        ["message"],
        "pkg/api/folder.go answers nothing but a message",
    ),
    (
        "paths/~1health",
        {"get": {"responses": {"200": {"schema": {"type": "object"}}}}},
        "not described: pkg/api/http_server.go",
    ),
    (
        "paths/~1frontend~1settings",
        {"get": {"responses": {"200": {"schema": {"type": "object"}}}}},
        "not described: pkg/api/frontendsettings.go",
    ),
)

OF_ALERTING: Final[tuple[Correction, ...]] = (
    ("definitions/Rule/properties/keep_firing_for", _TEXT, "it is keep_firing_for in the API"),
    ("definitions/Rule/properties/missingSeriesEvalsToResolve", _WHOLE, "since Grafana 12.0"),
    ("definitions/Rule/properties/record", _or_null("#/definitions/RecordRule"), _OR_NULL),
    (
        "definitions/Rule/properties/notification_settings",
        _or_null("#/definitions/NotificationSettings"),
        _OR_NULL,
    ),
    (
        "definitions/ContactPoint/properties/type/enum",
        _TYPES.split(","),
        "oncall, sns and webex came later",
    ),
    ("definitions/RuleGroup/properties/interval", _WHOLE, "seconds"),
    ("definitions/WeekdayRange", _TEXT, _RANGES),
    ("definitions/DayOfMonthRange", _TEXT, _RANGES),
    ("definitions/YearRange", _TEXT, _RANGES),
    ("definitions/MonthRange", _TEXT, _RANGES),
    (
        "definitions/TimeRange",
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["start_time", "end_time"],
            "properties": {"start_time": _TEXT, "end_time": _TEXT},
        },
        _RANGES,
    ),
)

OF_DASHBOARDS: Final[tuple[Correction, ...]] = (
    (
        "definitions/VariableModel/properties/query",
        {"oneOf": [_TEXT, {"type": "object"}]},
        f"a string or any object: {_KIND_FILE}",
    ),
    ("definitions/DynamicConfigValue/properties/value", {}, f"anything: {_KIND_FILE}"),
    ("definitions/MatcherConfig/properties/options", {}, f"anything: {_KIND_FILE}"),
    ("definitions/DataTransformerConfig/properties/options", {}, f"anything: {_KIND_FILE}"),
    (
        "definitions/AnnotationQuery/properties/textField",
        _TEXT,
        "data sources put fields of their own here: packages/grafana-data/src/types/annotations.ts",
    ),
)


def corrected(document: Json, corrections: tuple[Correction, ...]) -> Json:
    """The document with these places replaced; raises KeyError for a place that is not there."""
    result = deepcopy(document)
    for place, truth, _ in corrections:
        *parents, last = [part.replace("~1", "/") for part in place.split("/")]
        at = result
        for part in parents:
            at = at[part]
        at[last] = deepcopy(truth)
    return result
