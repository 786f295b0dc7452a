"""Alert rules and their groups: ``pkg/services/ngalert/api/api_provisioning.go``."""

from __future__ import annotations

from tests.servers.grafana.exchange import Answer, Json, RefusedError, Request, ok, refuse_unless
from tests.servers.grafana.provenance import claim, disown, provenance_of
from tests.servers.grafana.routes import route
from tests.servers.grafana.rule_checks import (
    as_stored,
    check_group_title,
    check_interval,
    check_rule,
    check_titles,
)
from tests.servers.grafana.state import State, now

_KIND = "alertRule"
_DEFAULT_SECONDS = 60


@route("GET", "/v1/provisioning/alert-rules")
def listed(state: State, _request: Request) -> Answer:
    return ok([_shown(state, rule) for rule in state.rules.values()])


@route("GET", "/v1/provisioning/alert-rules/{UID}")
def shown(state: State, request: Request) -> Answer:
    return ok(_shown(state, _existing(state, request.values["UID"])))


@route("POST", "/v1/provisioning/alert-rules")
def create(state: State, request: Request) -> Answer:
    rule = as_stored(state, {**request.body, "uid": request.body.get("uid") or state.new_uid()})
    taken = f"a rule with uid {rule['uid']!r} already exists"
    refuse_unless(rule["uid"] not in state.rules, 409, taken)
    _refuse_mixed(state, rule, request.provenance)
    _put(state, rule, request.provenance)
    state.intervals.setdefault(_group_of(rule), _DEFAULT_SECONDS)
    check_titles(state, rule["folderUID"])
    return Answer(201, _shown(state, rule))


@route("PUT", "/v1/provisioning/alert-rules/{UID}")
def update(state: State, request: Request) -> Answer:
    before = _existing(state, request.values["UID"])
    rule = as_stored(state, {**request.body, "uid": before["uid"]})
    claim(state, _KIND, rule["uid"], request.provenance)
    _refuse_mixed(state, rule, request.provenance)
    _put(state, rule, request.provenance)
    state.intervals.setdefault(_group_of(rule), state.intervals[_group_of(before)])
    check_titles(state, rule["folderUID"])
    return ok(_shown(state, rule))


@route("DELETE", "/v1/provisioning/alert-rules/{UID}")
def delete(state: State, request: Request) -> Answer:
    """Deletes one that is not there, too."""
    uid = request.values["UID"]
    disown(state, _KIND, uid, request.provenance)
    state.rules.pop(uid, None)
    return Answer(204)


@route("GET", "/v1/provisioning/folder/{FolderUID}/rule-groups/{Group}")
def group_shown(state: State, request: Request) -> Answer:
    group = _asked(request)
    rules = _rules_of(state, group)
    refuse_unless(rules, 404, "rule group not found")
    return ok(
        {
            "title": group[1],
            "folderUid": group[0],
            "interval": state.intervals[group],
            "rules": [_shown(state, rule) for rule in rules],
        }
    )


@route("PUT", "/v1/provisioning/folder/{FolderUID}/rule-groups/{Group}")
def group_replaced(state: State, request: Request) -> Answer:
    """The whole group; without rules only its interval."""
    group = folder, title = _asked(request)
    check_group_title(title)
    check_interval(request.body.get("interval", 0))
    refuse_unless(folder in state.folders, 400, "folder does not exist")
    given = request.body.get("rules", _rules_of(state, group))
    where = {"folderUID": folder, "ruleGroup": title}
    rules = [
        as_stored(state, {**one, **where, "uid": one.get("uid") or state.new_uid()})
        for one in given
    ]
    uids = [rule["uid"] for rule in rules]
    refuse_unless(len(uids) == len(set(uids)), 400, "two rules have the same uid")
    for gone in [rule["uid"] for rule in _rules_of(state, group) if rule["uid"] not in uids]:
        claim(state, _KIND, gone, request.provenance, may_be_reset=True)
        del state.provenance[_KIND, gone], state.rules[gone]
    for rule in rules:
        _put(state, rule, request.provenance, last=True)
    state.intervals[group] = request.body["interval"]
    check_titles(state, folder)
    return ok({**request.body, "title": title, "folderUid": folder})


@route("DELETE", "/v1/provisioning/folder/{FolderUID}/rule-groups/{Group}")
def group_deleted(state: State, request: Request) -> Answer:
    rules = _rules_of(state, _asked(request))
    refuse_unless(rules, 404, "rule group not found")
    for rule in rules:
        disown(state, _KIND, rule["uid"], request.provenance)
        del state.rules[rule["uid"]]
    return Answer(204)


def _put(state: State, rule: Json, provenance: str, *, last: bool = False) -> None:
    """Store it; ``last`` of its group."""
    check_rule(state, rule)
    claim(state, _KIND, rule["uid"], provenance, may_be_reset=last)
    before = state.rules.get(rule["uid"])
    stored = {
        **rule,
        "id": before["id"] if before else next(state.ids),
        "updated": now(),
    }
    if last:
        state.rules.pop(rule["uid"], None)
    state.rules[rule["uid"]] = stored


def _refuse_mixed(state: State, rule: Json, provenance: str) -> None:
    """A group is provisioned as a whole, or not at all."""
    for other in _rules_of(state, _group_of(rule)):
        if other["uid"] != rule["uid"]:
            stored = state.provenance.get((_KIND, other["uid"]), "")
            mixed = "cannot add a rule to a group of rules that are provisioned in another way"
            refuse_unless(bool(stored) == bool(provenance), 400, mixed)


def _shown(state: State, rule: Json) -> Json:
    stored = state.rules[rule["uid"]]
    # What is empty is left out.
    empty = {name for name in ("annotations", "labels") if not stored.get(name)}
    return {
        **{name: value for name, value in stored.items() if name not in empty},
        **provenance_of(state, _KIND, rule["uid"]),
    }


def _asked(request: Request) -> tuple[str, str]:
    return request.values["FolderUID"], request.values["Group"]


def _group_of(rule: Json) -> tuple[str, str]:
    return rule["folderUID"], rule["ruleGroup"]


def _rules_of(state: State, group: tuple[str, str]) -> list[Json]:
    return [rule for rule in state.rules.values() if _group_of(rule) == group]


def _existing(state: State, uid: str) -> Json:
    if uid not in state.rules:
        raise RefusedError(404, "alert rule not found")
    return state.rules[uid]
