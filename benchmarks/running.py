"""One process under test: started on its core, awaited, watched and stopped."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from benchmarks import process_tree, programs
from benchmarks.targets import OPEN_LIMITS, Target
from benchmarks.workplace import LARGE_BODY_BYTES, Workplace, free_port

PROJECT = Path(__file__).parents[1]
START_WITHIN_SECONDS = 60.0
STOP_WITHIN_SECONDS = 15.0
#: Settled: so many looks in a row at which it used less than this share of a core.
SETTLED_LOOKS = 5
SETTLED_SHARE = 0.03
SETTLE_WITHIN_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_POLL_SECONDS = 0.002
_PROGRAM = re.compile(r"\{program:([a-z0-9]+)\}")


class StartError(Exception):
    """A program ended, or answered nothing, instead of starting."""


class Running:
    """A started program; leaving the ``with`` block stops it and all its children."""

    def __init__(
        self,
        target: Target,
        workplace: Workplace,
        cores: Iterable[int],
        *,
        name: str = "",
        values: Mapping[str, str] = OPEN_LIMITS,
    ) -> None:
        self.target = target
        self.home = workplace.home(name or target.name)
        self.port = workplace.upstream_port if target.name == "upstream" else free_port()
        self.admin_port = free_port()
        # Apart from the configuration, as logs are.
        self._log = self.home / "log" / "access.log"
        self._log.parent.mkdir(exist_ok=True)
        self._output = self._log if target.logs_to_stdout else self.home / "output.log"
        self._cores = frozenset(cores)
        self._values = {
            **values,
            **target.values,
            "PORT": str(self.port),
            "ADMIN_PORT": str(self.admin_port),
            "ACCESS_LOG": str(self._log),
        }
        self._workplace = workplace
        #: From the ``exec`` to the first answer that came through; seconds.
        self.started_in = 0.0

    @property
    def access_log(self) -> Path:
        """Where its access records end up."""
        return self._log

    def settle(self) -> None:
        """Wait until it has nothing left to do of its own, such as the rest of starting up."""
        deadline = time.monotonic() + SETTLE_WITHIN_SECONDS
        quiet = 0
        while quiet < SETTLED_LOOKS and time.monotonic() < deadline:
            before = process_tree.cpu_time(self.pid)
            time.sleep(_LOOK_SECONDS)
            used = process_tree.cpu_time(self.pid).since(before).scheduled
            quiet = quiet + 1 if used < _LOOK_SECONDS * SETTLED_SHARE else 0

    def logged(self) -> int:
        """How many lines its access log has."""
        lines = 0
        with self._log.open("rb") as log:
            while block := log.read(1 << 20):
                lines += block.count(b"\n")
        return lines

    @property
    def pid(self) -> int:
        """The first process of the tree."""
        return self._process.pid

    def __enter__(self) -> Self:
        command, environment = self._prepare()
        began = time.monotonic()
        with self._output.open("ab") as output:
            # Pinned by inheritance, so that not one instruction of it runs elsewhere.
            before = os.sched_getaffinity(0)
            os.sched_setaffinity(0, self._cores)
            try:
                self._process = subprocess.Popen(
                    command,
                    cwd=PROJECT,
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            finally:
                os.sched_setaffinity(0, before)
        try:
            self._await_answer()
        except BaseException:
            self.stop()
            raise
        self.started_in = time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to end, then insist; children that outlive it are ended too."""
        family = process_tree.members(self.pid)
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in family[1:]:
            try:
                # Its session, not only its id: ids are used again.
                if os.getsid(pid) == self.pid:
                    os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _prepare(self) -> tuple[list[str], dict[str, str]]:
        target = self.target
        if target.name == "upstream":
            (self.home / "large.bin").write_bytes(os.urandom(LARGE_BODY_BYTES))
        config = ""
        if target.template:
            config = str(self._workplace.render(target.template, self.home, self._values))
        words = {
            "config": config,
            "home": str(self.home),
            "port": str(self.port),
            "upstream_port": str(self._workplace.upstream_port),
        }

        def fill(word: str) -> str:
            return _PROGRAM.sub(lambda m: programs.find(m[1]), word).format_map(words)

        environment = {name: fill(value) for name, value in target.environment.items()}
        return [fill(word) for word in target.command], environment

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                message = f"{self.target.title} ended at once: {self._last_words()}"
                raise StartError(message)
            if self._answers():
                return
            time.sleep(_POLL_SECONDS)
        message = f"{self.target.title} did not answer: {self._last_words()}"
        raise StartError(message)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/api/small")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_words(self) -> str:
        said = self._output.read_bytes()[-2000:].decode(errors="replace").strip()
        return said.replace(str(self._workplace.root), "…") or "it said nothing"
