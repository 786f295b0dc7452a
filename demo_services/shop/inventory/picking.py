"""Asks the warehouse where a reserved piece lies; without an answer it is looked for by hand."""

from __future__ import annotations

import msgspec

from demo_services.shop.service.peers import Peer, PeerFailed


class _Shelf(msgspec.Struct):
    #: Not there when somebody else answered for the warehouse.
    shelf: str | None = None


async def shelf_of(warehouse: Peer, product: int) -> str | None:
    """The shelf, None when the warehouse does not say: a reservation holds without it."""
    try:
        answer = await warehouse.ask("GET", f"/products/{product}/shelf")
        return msgspec.json.decode(answer.body, type=_Shelf).shelf if answer.good else None
    except (PeerFailed, msgspec.MsgspecError):
        return None
