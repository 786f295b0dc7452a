"""What acts are played on: the running shop, load to offer, and somebody who writes it all down."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from demo_services.load.latency import Latency
from demo_services.load.plan import Client
from demo_services.load.report import Report, Second
from demo_services.processes import Processes
from demo_services.shop.story.asking import Reply, ask
from demo_services.shop.story.customers import plan
from demo_services.shop.story.running_shop import RunningShop, died
from demo_services.shop.story.telling import Instant, Moment, Story


class Cue(NamedTuple):
    """Something that is done while load is offered."""

    #: Seconds after the load began; whole ones, since it is then that numbers come.
    at: int
    words: str
    do: Callable[[], None]


class Audience(Protocol):
    """Who is told while it happens."""

    def second(self, second: Second) -> None:
        """A second of load is over."""
        ...

    def moment(self, words: str) -> None:
        """Something was done."""
        ...


class Stage:
    """For all acts of a run."""

    def __init__(
        self,
        shop: RunningShop,
        processes: Processes,
        directory: Path,
        audience: Audience,
        story: Story,
    ) -> None:
        self.shop = shop
        self.story = story
        #: The name of the act that is played.
        self.act = ""
        #: Answers to what was asked at the entrance besides the load, by status.
        self.asked: dict[int, int] = {}
        #: The trace of the order that was followed; empty when none was.
        self.traced = ""
        #: Called after each second of load by whoever may have something to tell.
        self.listen: Callable[[], None] = lambda: None
        self._quiet: Latency | None = None
        self._processes = processes
        self._directory = directory
        self._audience = audience
        self._began = time.monotonic()
        self._began_at = time.time()

    @property
    def quiet(self) -> Latency:
        """How fast everybody was served in the quiet act. Raises ValueError before it."""
        if self._quiet is None:
            raise ValueError("the quiet act was not played")
        return self._quiet

    @quiet.setter
    def quiet(self, latency: Latency) -> None:
        self._quiet = latency

    @property
    def now(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._began

    def at(self, wall: float) -> float:
        """The moment of the story that was ``wall`` seconds after 1970."""
        return wall - self._began_at

    def note(self, at: float, words: str) -> None:
        """Something has happened a while ago, and is only now known."""
        self.story.moments.append(Moment(at=at, words=words))
        self._audience.moment(words)

    def mark(self, words: str) -> None:
        """Something is done now, or has happened."""
        self.story.moments.append(Moment(at=self.now, words=words))
        self._audience.moment(words)

    def ask(self, path: str, user: str, *, method: str = "GET", body: object = None) -> Reply:
        """A single question of a customer, at the entrance. Raises OSError."""
        reply = ask(self.shop.entrance, path, method=method, fields={"x-user-id": user}, body=body)
        self.asked[reply.status] = self.asked.get(reply.status, 0) + 1
        return reply

    def offer(
        self,
        clients: Sequence[Client],
        cues: Sequence[Cue] = (),
        watch: Callable[[], None] = lambda: None,
    ) -> Report:
        """Offer load and do what is to be done meanwhile; return when all is answered.

        ``watch`` is called after each second.
        The driver is a process of its own, so that this terminal cannot slow it.
        Raises NotReady when it ends early.
        """
        file = self._directory / f"{self.act}.plan.json"
        story = self.story
        what = plan(self.shop.entrance, tuple(clients), story.seed, governed=story.governed)
        file.write_bytes(msgspec.json.encode(what))
        driver = self._processes.start(
            f"load-{self.act}", "demo_services.load", [str(file)], piped=True
        )
        waiting = sorted(cues, key=lambda cue: cue.at)
        began: float | None = None
        for line in driver.output:
            event = msgspec.json.decode(line, type=Second | Report)
            if isinstance(event, Report):
                driver.wait()
                return event
            # While something is done, seconds go on and their lines wait.
            began = self.now - event.second if began is None else began
            self._second(began + event.second, event)
            watch()
            while waiting and event.second >= waiting[0].at:
                self._do(waiting.pop(0))
        raise died(driver)

    def _second(self, at: float, second: Second) -> None:
        self.story.instants.append(Instant(at=at, act=self.act, second=second))
        self._audience.second(second)
        self.listen()

    def _do(self, cue: Cue) -> None:
        self.mark(cue.words)
        cue.do()


def wait_until(holds: Callable[[], bool], within_seconds: float) -> bool:
    """Look again and again; whether it came to hold in time. OSError counts as not yet."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if holds():
                return True
        time.sleep(0.05)
    return False
