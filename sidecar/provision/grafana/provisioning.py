"""Brings a Grafana to what is wanted: what others are made of first, and taken away last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sidecar.provision.grafana.boards import boards
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.server import Server
from sidecar.provision.grafana.settling import Settling, stale
from sidecar.provision.grafana.shelves import Boards, Folders, Sources
from sidecar.provision.grafana.sources import NAMES, sources
from sidecar.provision.grafana.wanted import FOLDER, FOLDER_TITLE, Emptied, Wanted
from sidecar.provision.step import Refused, Step, What


def provision(
    server: Server, plan: Plan, *, dry_run: bool, wait: Callable[[float], None]
) -> Iterator[Step]:
    """Do what has to be done, or with ``dry_run`` say what would be.

    Raises ``Refused`` when Grafana does not even tell which data sources it has.
    """
    run = Settling(dry_run=dry_run, wait=wait, renew_secrets=plan.renew_secrets)
    yield run.settle(Folders(server), folder())
    wanted = sources(plan.places)
    shelf = Sources(server)
    there = shelf.names()
    for source in wanted:
        yield run.settle(shelf, source)
    names = {**there, **{source.key: NAMES[source.key] for source in wanted}}
    dashboards = boards(names)
    for board in dashboards:
        yield run.settle(Boards(server), board)
    yield from _emptied(run, Boards(server), _by_key(dashboards), plan)


def folder() -> Wanted:
    """Where all of ours is."""
    return Wanted(FOLDER, {"title": FOLDER_TITLE}, f"folder {FOLDER}")


def _emptied(
    run: Settling, place: Emptied, wanted: Mapping[str, Wanted], plan: Plan
) -> Iterator[Step]:
    """What is there with our mark and is wanted no more."""
    try:
        gone = stale(wanted, place.ours())
    except Refused as error:
        yield run.refused("what is wanted no more", str(error))
        return
    for key, about in gone.items():
        if plan.prune:
            yield run.remove(place, key, about)
        else:
            yield Step(What.NOTE, about, "wanted no more; --prune deletes it")


def _by_key(wanted: list[Wanted]) -> dict[str, Wanted]:
    return {one.key: one for one in wanted}
