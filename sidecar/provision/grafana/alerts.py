"""Brings Grafana's alerting to what is wanted: who is told first, then what they are told of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sidecar.alerting.grafana_notifying import contact_points, mute_timings, policy
from sidecar.alerting.grafana_rules import rule_groups
from sidecar.provision.grafana.notified import ContactPoints, MuteTimings, Policy, policy_wanted
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.rules import SINCE_12, Groups, Listed, Rules
from sidecar.provision.grafana.server import Server
from sidecar.provision.grafana.settling import Settling
from sidecar.provision.grafana.wanted import FOLDER, PROMETHEUS, Wanted
from sidecar.provision.step import Refused, Step, What

_NEEDS: Final = (f"folder {FOLDER}", f"data source {PROMETHEUS}")
_SECRET: Final = ("settings.url",)


class Alerting:
    """Contact points, mute timings, our route, and alert rules."""

    def __init__(self, server: Server, plan: Plan, run: Settling, version: str) -> None:
        self._run = run
        self.points = ContactPoints(server, renew_secrets=plan.renew_secrets)
        self.timings = MuteTimings(server)
        self.policy = Policy(server)
        self._listed = Listed(server)
        self._groups = Groups(server, self._listed)
        self._wanted = _bodies(plan)
        self._old = version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < 12
        uids = {rule["uid"] for group in self._wanted for rule in group["rules"]}
        self.rules = Rules(self._listed, uids, self._known)

    @property
    def uids(self) -> set[str]:
        """Of the rules that are wanted."""
        return {rule["uid"] for group in self._wanted for rule in group["rules"]}

    def tell(self, plan: Plan) -> Iterator[Step]:
        """Who is told."""
        wanted = notified(plan)
        for point in wanted.points:
            yield self._run.settle(self.points, point)
        for timing in wanted.timings:
            yield self._run.settle(self.timings, timing)
        for route in wanted.routes:
            yield self._run.settle(self.policy, route)

    def watch(self, names: Mapping[str, str]) -> Iterator[Step]:
        """What they are told of. ``names`` are those of the data sources that there are."""
        if self._wanted and PROMETHEUS not in names:
            words = "alert rules ask it: give --prometheus"
            yield self._run.refused(f"data source {PROMETHEUS}", words)
        if self._old and self._wanted:
            words = "Grafana 11 and before do not know them: left out"
            yield Step(What.NOTE, f"{' and '.join(sorted(SINCE_12))} of alert rules", words)
        for group in self._wanted:
            yield from self._group(group)

    def _group(self, group: Mapping[str, Any]) -> Iterator[Step]:
        title, about = group["title"], f"alert group {group['title']}"
        rules = [self.rules.wanted(rule, _NEEDS) for rule in group["rules"]]
        interval = {"interval": group["interval"]}
        try:
            is_new = self._run.read(lambda: self._groups.is_new(title, rules, self.rules))
        except Refused as error:
            yield self._run.refused(about, str(error))
            return
        if is_new:
            bodies = [self._body(rule) for rule in group["rules"]]
            whole = Wanted(title, {**interval, "rules": bodies}, about, _NEEDS)
            yield self._run.settle(self._groups, whole)
            return
        for rule in rules:
            yield self._run.settle(self.rules, rule)
        yield self._run.settle(self._groups, Wanted(title, interval, about, _NEEDS))

    def _body(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in rule.items() if self._known(name)}

    def _known(self, field: str) -> bool:
        return not (self._old and field in SINCE_12)


class Notified:
    """Who is to be told, in the order in which it has to be created."""

    def __init__(self, points: list[Wanted], timings: list[Wanted], routes: list[Wanted]) -> None:
        self.points = points
        self.timings = timings
        self.routes = routes


def notified(plan: Plan) -> Notified:
    """Who is to be told; nobody, where nobody was named."""
    if plan.notifying is None:
        return Notified([], [], [])
    points = [
        Wanted(
            body["uid"],
            {name: value for name, value in body.items() if name != "uid"},
            f"contact point {body['name']}",
            hidden=_SECRET,
        )
        for body in contact_points(plan.notifying)
    ]
    timings = [
        Wanted(body["name"], body, f"mute timing {body['name']}")
        for body in mute_timings(plan.notifying)
    ]
    needs = tuple(one.about for one in (*points, *timings))
    return Notified(points, timings, [policy_wanted(policy(plan.notifying), needs)])


def _bodies(plan: Plan) -> list[dict[str, Any]]:
    if plan.alerts is None:
        return []
    return rule_groups(plan.alerts, folder=FOLDER, data_source=PROMETHEUS)
