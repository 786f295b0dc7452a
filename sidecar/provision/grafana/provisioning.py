"""Brings a Grafana to what is wanted: what others are made of first, and taken away last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from sidecar.provision.grafana.alerts import Alerting, notified
from sidecar.provision.grafana.boards import boards
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.server import Server
from sidecar.provision.grafana.settling import Settling
from sidecar.provision.grafana.shelves import Boards, Folders, Sources
from sidecar.provision.grafana.sources import NAMES, sources
from sidecar.provision.grafana.wanted import FOLDER, FOLDER_TITLE, Emptied, Wanted
from sidecar.provision.step import Refused, Step, What


def provision(
    server: Server,
    plan: Plan,
    *,
    version: str = "",
    dry_run: bool,
    wait: Callable[[float], None],
) -> Iterator[Step]:
    """Do what has to be done, or with ``dry_run`` say what would be.

    ``version`` is Grafana's; an unknown one is taken for a new one. Where Grafana does not even
    tell which data sources it has, nothing more is done.
    """
    run = Settling(dry_run=dry_run, wait=wait, renew_secrets=plan.renew_secrets)
    if plan.remove:
        yield from _removed(run, server, Alerting(server, Plan(), run, version))
        return
    yield run.settle(Folders(server), folder())
    try:
        names = run.read(Sources(server).names)
    except Refused as error:
        yield run.refused("data sources", str(error))
        return
    for source in sources(plan.places):
        yield run.settle(Sources(server), source)
        names = {**names, source.key: NAMES[source.key]}
    dashboards = boards(names)
    for board in dashboards:
        yield run.settle(Boards(server), board)
    alerting = Alerting(server, plan, run, version)
    yield from alerting.tell(plan)
    yield from alerting.watch(names)
    yield from _stale(run, server, alerting, plan)


def _stale(run: Settling, server: Server, alerting: Alerting, plan: Plan) -> Iterator[Step]:
    """What is wanted no more, the other way round than it was created."""
    if plan.alerts is not None:
        yield from _emptied(run, "alert rules", alerting.rules, alerting.uids, prune=plan.prune)
    if plan.has_alerting:
        told = notified(plan)
        for what, place, wanted in (
            ("routes", alerting.policy, told.routes),
            ("contact points", alerting.points, told.points),
            ("mute timings", alerting.timings, told.timings),
        ):
            keys = {one.key for one in wanted}
            yield from _emptied(run, what, place, keys, prune=plan.prune)
    keys = {one.key for one in boards({})}
    yield from _emptied(run, "dashboards", Boards(server), keys, prune=plan.prune)


def _removed(run: Settling, server: Server, alerting: Alerting) -> Iterator[Step]:
    """All of ours; the folder last, and only when nothing of others is in it."""
    everything: tuple[tuple[str, Emptied], ...] = (
        ("alert rules", alerting.rules),
        ("routes", alerting.policy),
        ("contact points", alerting.points),
        ("mute timings", alerting.timings),
        ("dashboards", Boards(server)),
        ("data sources", Sources(server)),
        ("folders", Folders(server)),
    )
    for what, place in everything:
        yield from _emptied(run, what, place, set(), prune=True)


def folder() -> Wanted:
    """Where all of ours is."""
    return Wanted(FOLDER, {"title": FOLDER_TITLE}, f"folder {FOLDER}")


def _emptied(
    run: Settling, what: str, place: Emptied, wanted: Collection[str], *, prune: bool
) -> Iterator[Step]:
    """What is there with our mark and is wanted no more."""
    try:
        there = run.read(place.ours)
    except Refused as error:
        yield run.refused(f"{what} that are wanted no more", str(error))
        return
    for key, about in there.items():
        if key in wanted:
            continue
        if prune:
            yield run.remove(place, key, about)
        else:
            yield Step(What.NOTE, about, "wanted no more; --prune deletes it")
