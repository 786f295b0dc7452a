"""A stand-in for Grafana: its HTTP API, for provisioning, with its memory and its refusals.

Every request is checked against Grafana's own description of its API and against its schemas of
dashboards and alerting, and so is every answer. What does not fit is answered with 400 and noted
in ``violations``, though Grafana itself may look away.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.servers.grafana import (
    about,
    alert_rules,
    contact_points,
    dashboards,
    data_sources,
    finding,
    folders,
    mute_timings,
    policies,
)
from tests.servers.grafana.checks import Checks, is_write
from tests.servers.grafana.description import Operation, descriptions_folder, load
from tests.servers.grafana.exchange import Answer, RefusedError, Request, refuse_unless
from tests.servers.grafana.failures import Failure
from tests.servers.grafana.routes import ROUTES
from tests.servers.grafana.state import State

#: Importing them fills ``ROUTES``.
RESOURCES = (
    about,
    alert_rules,
    contact_points,
    dashboards,
    data_sources,
    finding,
    folders,
    mute_timings,
    policies,
)

_WITHOUT_SIGNING_IN = frozenset({"/health"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One request and the status of its answer; no status where it came to nothing."""

    at: float
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    status: int | None

    @property
    def written(self) -> bool:
        """Whether it changed something."""
        return self.method != "GET" and self.status is not None and self.status < 400


class Grafana:
    """A Grafana with one organisation."""

    #: Who may do everything, who may do all but make data sources, and who may only look.
    token = "glsa_provisioner_token"
    editor_token = "glsa_editor_token"
    viewer_token = "glsa_viewer_token"
    user = ("admin", "the password")

    def __init__(self, checks: Checks) -> None:
        self.state = State()
        #: Where its users find it.
        self.url = ""
        self.requests: list[Seen] = []
        #: What the descriptions do not allow, of requests and of our own answers.
        self.violations: list[str] = []
        self.let_go = threading.Event()
        self._checks = checks
        self._failures: list[tuple[int, bool, Failure]] = []
        self._meanwhile: list[tuple[int, Callable[[State], None]]] = []
        self._lock = threading.RLock()

    @property
    def writes(self) -> list[str]:
        """The requests that changed something, as ``PUT /folders/x``."""
        return [f"{one.method} {one.path}" for one in self.requests if one.written]

    def forget(self) -> None:
        """Count from nothing again: requests, violations and failures to come."""
        with self._lock:
            self.requests.clear()
            self.violations.clear()
            self._failures.clear()
            self._meanwhile.clear()

    def fail(self, failure: Failure, *, nth: int = 1, writes: bool = False, times: int = 1) -> None:
        """Let the nth request from now come to nothing, and the next ones up to ``times``.

        ``writes``: only those that would change something are counted.
        """
        with self._lock:
            self._failures += [(nth + more, writes, failure) for more in range(times)]

    def meanwhile(self, change: Callable[[State], None], *, nth_write: int = 1) -> None:
        """Let somebody else change something right before the nth write from now."""
        with self._lock:
            self._meanwhile.append((nth_write, change))

    def failure_of(self, request: Request) -> Failure | None:
        """The failure that is due for this request; asked once for each."""
        with self._lock:
            counted = [
                (count - (is_write(request) or not writes), writes, failure)
                for count, writes, failure in self._failures
            ]
            self._failures = [one for one in counted if one[0] > 0]
            due = [failure for count, _, failure in counted if count <= 0]
        return due[0] if due else None

    def note(self, request: Request, status: int | None) -> None:
        """Remember the request."""
        seen = Seen(time.time(), request.method, request.path, request.query, request.body, status)
        with self._lock:
            self.requests.append(seen)

    def answer(self, request: Request) -> Answer:
        """What Grafana answers; nothing is changed by what it refuses."""
        with self._lock:
            if is_write(request):
                self._change_meanwhile()
            try:
                return self._answer(request)
            except RefusedError as refused:
                return refused.answer

    def _change_meanwhile(self) -> None:
        counted = [(count - 1, change) for count, change in self._meanwhile]
        self._meanwhile = [one for one in counted if one[0] > 0]
        for count, change in counted:
            if count <= 0:
                change(self.state)

    def _answer(self, request: Request) -> Answer:
        self._sign_in(request)
        found = self._checks.route(request)
        if found is None:
            self._violated(request, "not in the description")
            raise RefusedError(404, "Not found")
        operation, request = found
        faults = self._checks.faults_of_request(operation, request)
        if faults:
            self._violated(request, *faults)
            raise RefusedError(400, f"bad request data: {'; '.join(faults)}")
        handler = ROUTES.get((operation.method, operation.path))
        if handler is None:
            self._violated(request, "not done by this stand-in")
            raise RefusedError(501, "not done by this stand-in")
        before = deepcopy(self.state) if is_write(request) else self.state
        try:
            answer = handler(self.state, request)
        except RefusedError as refused:
            self.state = before
            answer = refused.answer
        except Exception as error:  # noqa: BLE001 - a fault of ours must not look like one of theirs
            self.state = before
            self._violated(request, f"our own fault: {error!r}")
            answer = Answer(500, {"message": repr(error)})
        return self._checked(operation, request, deepcopy(answer))

    def _checked(self, operation: Operation, request: Request, answer: Answer) -> Answer:
        faults = self._checks.faults_of_answer(operation, answer)
        if faults:
            self._violated(request, *(f"our own answer: {fault}" for fault in faults))
        return answer

    def _violated(self, request: Request, *faults: str) -> None:
        self.violations += [f"{request.method} {request.path}: {fault}" for fault in faults]

    def _sign_in(self, request: Request) -> None:
        if request.path in _WITHOUT_SIGNING_IN:
            return
        given = request.fields.get("authorization", "")
        basic = base64.b64encode(":".join(self.user).encode()).decode()
        may_write = {
            f"Bearer {self.token}": True,
            f"Basic {basic}": True,
            f"Bearer {self.editor_token}": not request.path.startswith("/datasources"),
            f"Bearer {self.viewer_token}": False,
        }
        refuse_unless(given in may_write, 401, "Unauthorized")
        denied = "You'll need additional permissions to perform this action."
        refuse_unless(may_write[given] or not is_write(request), 403, denied)


def new_grafana() -> Grafana:
    """One that does not listen yet; skips the calling test where the descriptions are missing."""
    return Grafana(Checks(*load(descriptions_folder())))
