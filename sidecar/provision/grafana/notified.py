"""Who is told about alerts, as Grafana keeps it: contact points, mute timings, and one route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from sidecar.alerting.alert import MARK
from sidecar.alerting.office_hours import MUTED_NAME
from sidecar.provision.grafana.durations import alike
from sidecar.provision.grafana.provenance import EDITABLE, headers, locked
from sidecar.provision.grafana.server import Server
from sidecar.provision.grafana.wanted import PREFIX, Found, Wanted
from sidecar.provision.step import Refused

_POINTS: Final = "/v1/provisioning/contact-points"
_TIMINGS: Final = "/v1/provisioning/mute-timings"
_POLICIES: Final = "/v1/provisioning/policies"
#: In the place of what Grafana does not show.
REDACTED: Final = "[REDACTED]"
_MARKED: Final = [[MARK[0], "=", MARK[1]]]
#: The only route there can be of ours, so that it needs no name.
POLICY: Final = "notification policy"


class ContactPoints:
    """Contact points; what others have set in ours besides stays as it is."""

    def __init__(self, server: Server, *, renew_secrets: bool = False) -> None:
        self._server = server
        self._renew_secrets = renew_secrets

    def find(self, wanted: Wanted) -> Found | None:
        """By uid; one of others by its name, for what is told to ours would be told to it, too."""
        for point in self._listed():
            if point.get("uid") == wanted.key:
                body = {name: point.get(name) for name in wanted.body if name != "settings"}
                body["settings"] = self._settings(wanted, point)
                return Found(body, _is_ours(point), locked(point), point)
        for point in self._listed():
            if point.get("name") == wanted.body["name"]:
                return Found({}, ours=False)
        return None

    def create(self, wanted: Wanted) -> None:
        """With its uid, editable."""
        body = {**wanted.body, "uid": wanted.key}
        self._server.tell(lambda api: api.client.POST(_POINTS, json=body, headers=dict(EDITABLE)))

    def change(self, wanted: Wanted, found: Found) -> None:
        """What is not shown of it comes back as it was, unless it becomes one of another type."""
        same = found.whole.get("type") == wanted.body["type"]
        kept = found.whole.get("settings", {}) if same else {}
        settings = {**kept, **wanted.body["settings"]}
        body = {**wanted.body, "uid": wanted.key, "settings": settings}
        path, said = f"{_POINTS}/{wanted.key}", headers(found.whole)
        self._server.tell(lambda api: api.client.PUT(path, json=body, headers=said))

    def ours(self) -> Mapping[str, str]:
        """Those whose uid and name are of our making."""
        return {
            point["uid"]: f"contact point {point['name']}"
            for point in self._listed()
            if _is_ours(point)
        }

    def delete(self, key: str) -> None:
        """Grafana refuses it while a policy sends to it, but not because a file made it."""
        there = next((point for point in self._listed() if point.get("uid") == key), {})
        if words := locked(there):
            raise Refused(words)
        path, said = f"{_POINTS}/{key}", headers(there)
        self._server.gone(lambda api: api.client.DELETE(path, headers=said))

    def _listed(self) -> list[dict[str, Any]]:
        return self._server.ask(lambda api: api.client.GET(_POINTS), list)

    def _settings(self, wanted: Wanted, point: Mapping[str, Any]) -> dict[str, Any]:
        """The settings that we want. What is not shown is taken to be right, or else renewed."""
        there, ours = point.get("settings") or {}, wanted.body["settings"]
        return {
            name: ours[name]
            if there.get(name) == REDACTED and not self._renew_secrets
            else there.get(name)
            for name in ours
        }


class MuteTimings:
    """When tickets wait. There is one of ours at most, which is known by its name."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def find(self, wanted: Wanted) -> Found | None:
        """By name."""
        there = self._get(wanted.key)
        if there is None:
            return None
        body = {name: there.get(name) for name in wanted.body}
        return Found(body, ours=True, locked=locked(there), whole=there)

    def create(self, wanted: Wanted) -> None:
        """Editable."""
        body = dict(wanted.body)
        self._server.tell(lambda api: api.client.POST(_TIMINGS, json=body, headers=dict(EDITABLE)))

    def change(self, wanted: Wanted, found: Found) -> None:
        """As whose it is; the client's own function would make it ours alone to edit."""
        body, said = dict(wanted.body), headers(found.whole)
        self._server.tell(lambda api: api.client.PUT(_timing(wanted.key), json=body, headers=said))

    def ours(self) -> Mapping[str, str]:
        """The one of our name."""
        return {} if self._get(MUTED_NAME) is None else {MUTED_NAME: f"mute timing {MUTED_NAME}"}

    def delete(self, key: str) -> None:
        """Grafana refuses it while a policy waits for it."""
        said = headers(self._get(key) or {})
        self._server.gone(lambda api: api.client.DELETE(_timing(key), headers=said))

    def _get(self, name: str) -> dict[str, Any] | None:
        return self._server.find(lambda api: api.client.GET(_timing(name)), dict)


class Policy:
    """Our route below the root of the tree of notification policies.

    The tree is read and written as a whole. Of what is read everything but our route is written
    back as it is, with the provenance that it has.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    def find(self, _wanted: Wanted) -> Found | None:
        """The route for what carries our mark, and for nothing less."""
        tree = self._tree()
        place = _place(tree)
        if place is None:
            # That the tree cannot be written at all is told before it is tried.
            return Found({}, ours=True, locked=locked(tree), whole=tree) if locked(tree) else None
        return Found(_compared(tree["routes"][place]), True, locked(tree), tree)

    def create(self, wanted: Wanted) -> None:
        """Before all others, for one of them may take every alert; they lose nothing by it."""
        tree = self._tree()
        self._write(tree, [dict(wanted.body), *(tree.get("routes") or [])])

    def change(self, wanted: Wanted, found: Found) -> None:
        """Where it is."""
        place = _place(found.whole)
        routes = list(found.whole["routes"])
        routes[place if place is not None else 0] = dict(wanted.body)
        self._write(found.whole, routes)

    def ours(self) -> Mapping[str, str]:
        """Our route, where there is one."""
        return {} if _place(self._tree()) is None else {POLICY: POLICY}

    def delete(self, _key: str) -> None:
        """Our route; the others move up."""
        tree = self._tree()
        place = _place(tree)
        if place is not None:
            routes = [route for index, route in enumerate(tree["routes"]) if index != place]
            self._write(tree, routes)

    def _tree(self) -> dict[str, Any]:
        return self._server.ask(lambda api: api.client.GET(_POLICIES), dict)

    def _write(self, tree: Mapping[str, Any], routes: list[Any]) -> None:
        body = {name: value for name, value in tree.items() if name != "provenance"}
        body["routes"] = routes
        said = headers(tree)
        self._server.tell(lambda api: api.client.PUT(_POLICIES, json=body, headers=said))


def policy_wanted(route: Mapping[str, Any], needs: tuple[str, ...]) -> Wanted:
    """Our route as it is compared."""
    return Wanted(POLICY, _compared(route), POLICY, needs)


def _place(tree: Mapping[str, Any]) -> int | None:
    for index, route in enumerate(tree.get("routes") or []):
        if _matchers(route) == _MARKED:
            return index
    return None


def _compared(route: Mapping[str, Any]) -> dict[str, Any]:
    """A route, in whichever order and with whichever word its labels are matched."""
    names = {"matchers", "object_matchers", "routes"}
    rest: dict[str, Any] = alike({k: v for k, v in route.items() if k not in names and v})
    rest["object_matchers"] = _matchers(route)
    routes = [_compared(one) for one in route.get("routes") or []]
    return {**rest, **({"routes": routes} if routes else {})}


def _matchers(route: Mapping[str, Any]) -> list[list[str]]:
    return sorted(
        [*map(list, route.get("object_matchers") or []), *_written(route.get("matchers") or [])]
    )


def _written(matchers: list[Any]) -> Iterator[list[str]]:
    """Matchers in Alertmanager's own words, ``severity="page"``, of which only these are ours."""
    for one in matchers:
        label, equals, value = str(one).partition("=")
        yield [label, equals, value.strip('"')]


def _is_ours(point: Mapping[str, Any]) -> bool:
    return all(str(point.get(name, "")).startswith(PREFIX) for name in ("uid", "name"))


def _timing(name: str) -> str:
    return f"{_TIMINGS}/{quote(name, safe='')}"
