"""A peer that answers what a test says, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from demo_services.shop.service.peers import Answer, Peer, PeerFailed


class AskedPeer(Peer):
    """Answers by method and path; None, or nothing at all, is a failure."""

    def __init__(self, answers: Mapping[str, Answer | None]) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        del body, headers
        self.asked.append(f"{method} {path}")
        answer = self.answers.get(f"{method} {path}")
        if answer is None:
            raise PeerFailed("nobody is there")
        return answer


def answer(value: object, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON."""
    fields = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, fields, msgspec.json.encode(value))


def problem(status: int, detail: str) -> Answer:
    return answer({"status": status, "detail": detail}, status)
