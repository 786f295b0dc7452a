"""Alert rules and their groups, as Grafana keeps them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from grafana_client.api import GrafanaApi

from sidecar.alerting.alert import MARK
from sidecar.provision.grafana.durations import alike
from sidecar.provision.grafana.provenance import EDITABLE, headers, locked
from sidecar.provision.grafana.server import Server
from sidecar.provision.grafana.wanted import FOLDER, PREFIX, Found, Wanted
from sidecar.provision.step import Refused

_RULES: Final = "/v1/provisioning/alert-rules"
#: What others may set and we do not, so that it is seen.
_NOTICED: Final = ("notification_settings", "record")
#: Grafana's own number of an organisation, of which a token has only one.
_UNSEEN: Final = frozenset({"orgID"})
#: What Grafana gives by itself and takes back from nobody.
_GIVEN: Final = frozenset({"id", "updated", "provenance"})
#: What Grafana 11 and before do not know: they forget it without a word.
SINCE_12: Final = frozenset({"keep_firing_for", "missingSeriesEvalsToResolve"})


class Listed:
    """All alert rules that there are; asked for again when something went wrong in between."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._rules: list[dict[str, Any]] | None = None

    def rules(self) -> list[dict[str, Any]]:
        """With our mark and without."""
        if self._rules is None:
            self._rules = self._server.ask(lambda api: api.client.GET(_RULES), list)
        return self._rules

    def forget(self) -> None:
        """Let the next one ask again."""
        self._rules = None

    def write(self, send: Callable[[GrafanaApi], Any]) -> None:
        """Have something changed; whatever came of it when that is not known."""
        try:
            self._server.tell(send)
        except Refused:
            self.forget()
            raise


class Rules:
    """Single alert rules of our folder."""

    def __init__(
        self, listed: Listed, wanted: Collection[str], known: Callable[[str], bool]
    ) -> None:
        """``wanted`` are all uids; ``known`` tells which fields this Grafana has."""
        self._listed = listed
        self._wanted = wanted
        self._known = known
        #: Rules of ours whose uid is of an older time.
        self._adopted: set[str] = set()

    def find(self, wanted: Wanted) -> Found | None:
        """By uid; else one of ours of that title, whose uid nobody wants any more.

        A uid is made of labels, and titles are unique in a folder: where labels change, the rule
        that was is the rule that is wanted.
        """
        there = self._of_uid(wanted.key) or self._of_title(wanted.body["title"])
        if there is None:
            return None
        names = self._compared(wanted.body)
        body = {name: there.get(name) for name in names}
        body |= {name: there[name] for name in _NOTICED if there.get(name)}
        return Found(alike(body), _ours(there), locked(there), there)

    def wanted(self, rule: Mapping[str, Any], needs: tuple[str, ...]) -> Wanted:
        """A rule as it is compared."""
        body = {name: rule[name] for name in self._compared(rule)}
        return Wanted(rule["uid"], alike(body), f"alert rule {rule['title']}", needs)

    def create(self, wanted: Wanted) -> None:
        """With its uid, editable."""
        body = {**wanted.body, "uid": wanted.key, "orgID": 1}
        self._listed.write(lambda api: api.client.POST(_RULES, json=body, headers=dict(EDITABLE)))

    def change(self, wanted: Wanted, found: Found) -> None:
        """The one that was found, whose uid stays."""
        uid = found.whole["uid"]
        body = {**wanted.body, "uid": uid, "orgID": found.whole.get("orgID", 1)}
        said = headers(found.whole)
        self._listed.write(lambda api: api.client.PUT(f"{_RULES}/{uid}", json=body, headers=said))

    def ours(self) -> Mapping[str, str]:
        """Those with our mark, without those that were found by their title."""
        self._listed.forget()
        return {
            rule["uid"]: f"alert rule {rule.get('title', '')}"
            for rule in self._listed.rules()
            if _ours(rule) and rule["uid"] not in self._adopted
        }

    def delete(self, key: str) -> None:
        """By uid."""
        there = next((rule for rule in self._listed.rules() if rule["uid"] == key), {})
        said = headers(there)
        self._listed.write(lambda api: api.client.DELETE(f"{_RULES}/{key}", headers=said))

    def _compared(self, body: Mapping[str, Any]) -> list[str]:
        return [name for name in body if name not in _UNSEEN | {"uid"} and self._known(name)]

    def _of_uid(self, uid: str) -> dict[str, Any] | None:
        return next((rule for rule in self._listed.rules() if rule["uid"] == uid), None)

    def _of_title(self, title: str) -> dict[str, Any] | None:
        for rule in self._listed.rules():
            same = rule.get("folderUID") == FOLDER and rule.get("title") == title
            if same and rule["uid"] not in self._wanted:
                if _ours(rule):
                    self._adopted.add(rule["uid"])
                return rule
        return None


class Groups:
    """Groups of alert rules: all rules of a new one at once, and how often one is evaluated."""

    def __init__(self, server: Server, listed: Listed) -> None:
        self._server = server
        self._listed = listed

    def is_new(self, title: str, rules: Sequence[Wanted], shelf: Rules) -> bool:
        """Whether neither the group is there nor any of its rules, under whatever name."""
        there = any(
            rule.get("folderUID") == FOLDER and rule.get("ruleGroup") == title
            for rule in self._listed.rules()
        )
        return not there and all(shelf.find(rule) is None for rule in rules)

    def find(self, wanted: Wanted) -> Found | None:
        """By folder and title."""
        path = _group(wanted.key)
        there = self._server.find(lambda api: api.client.GET(path), dict)
        if there is None:
            return None
        rules = there.get("rules") or []
        others = [rule for rule in rules if not _ours(rule) and rule.get("provenance")]
        words = "others have provisioned rules in it: its interval is left alone" if others else ""
        body = {name: there.get(name) for name in wanted.body if name != "rules"}
        return Found(body | _same(wanted, "rules"), ours=True, locked=words, whole=there)

    def create(self, wanted: Wanted) -> None:
        """With all of its rules."""
        body = {"title": wanted.key, "folderUid": FOLDER, **wanted.body}
        path = _group(wanted.key)
        self._listed.write(lambda api: api.client.PUT(path, json=body, headers=dict(EDITABLE)))
        self._listed.forget()

    def change(self, wanted: Wanted, found: Found) -> None:
        """How often; its rules as they are."""
        rules = found.whole.get("rules") or []
        interval = wanted.body["interval"]
        body = {
            "title": wanted.key,
            "folderUid": FOLDER,
            "interval": interval,
            "rules": [{k: v for k, v in rule.items() if k not in _GIVEN} for rule in rules],
        }
        said = headers(rules[0] if rules else {})
        self._listed.write(lambda api: api.client.PUT(_group(wanted.key), json=body, headers=said))


def _group(title: str) -> str:
    return f"/v1/provisioning/folder/{FOLDER}/rule-groups/{quote(title, safe='')}"


def _same(wanted: Wanted, name: str) -> dict[str, Any]:
    return {name: wanted.body[name]} if name in wanted.body else {}


def _ours(rule: Mapping[str, Any]) -> bool:
    marked = (rule.get("labels") or {}).get(MARK[0]) == MARK[1]
    return marked and str(rule["uid"]).startswith(PREFIX)
