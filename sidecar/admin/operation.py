"""One thing that the admin API answers: where, what it takes, and what comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from sidecar.admin.actor import Actor
from sidecar.admin.answers import Answer
from sidecar.admin.asking import actor_of, one_line
from sidecar.admin.inside import Inside
from sidecar.admin.refusal import Refused
from sidecar.admin.steering import Steering
from sidecar.admin.wished import Wish

JSON: Final = "application/json"
WishT = TypeVar("WishT", bound=Wish)
#: A wish is a few words; more is a mistake.
WISH_BYTES: Final = 16 * 1024
_DIGITS_AT_MOST: Final = 9
_WHY_AT_MOST: Final = 500


@dataclass(slots=True)
class Call:
    """A question, with all that is needed to answer it."""

    request: web.Request
    inside: Inside
    steering: Steering
    #: The body, where the operation takes one.
    wish: Any = None

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return actor_of(self.request)

    def part(self, name: str) -> str:
        """What stands in the path for ``{name}``."""
        return self.request.match_info[name]

    @property
    def why(self) -> str:
        """The reason that is given, in the body or in the query; one line."""
        said = getattr(self.wish, "why", "") or self.asked("why")
        return one_line(said, _WHY_AT_MOST)

    def asked(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self.request.query.get(name, default)

    def count(self, name: str, default: int, most: int) -> int:
        """A parameter that is a number. Raises ``Refused``."""
        text = self.asked(name, str(default))
        if not (_is_number(text) and 1 <= int(text) <= most):
            raise Refused(422, f"{name}={text} is not a number from 1 to {most}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Operation:
    """A way to ask or to change something."""

    method: str
    path: str
    summary: str
    handler: Callable[[Call], Awaitable[Any]]
    #: What is answered; None for what is no JSON.
    answer: type[Answer] | None
    wish: type[Wish] | None = None
    #: What may stand in the query, with its sentence.
    query: Mapping[str, str] = field(default_factory=dict)
    #: The statuses of problems that it may end with, with their sentences.
    problems: Mapping[int, str] = field(default_factory=dict)
    content_type: str = JSON
    #: Other statuses that carry the answer.
    also: tuple[int, ...] = ()

    def bound(self, inside: Inside, steering: Steering) -> Callable[[web.Request], Any]:
        """The handler for aiohttp."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self._check_query(request)
            call = Call(request, inside, steering)
            if self.wish is not None:
                call.wish = await wish_of(request, self.wish)
            answer = await self.handler(call)
            return answer if isinstance(answer, web.StreamResponse) else json_response(answer)

        return handle

    def _check_query(self, request: web.Request) -> None:
        for name in request.query:
            # Scrapers and load balancers send what they like.
            if name not in self.query and self.path.startswith("/v1/"):
                there_are = ", ".join(self.query) or "no parameters"
                detail = f"'{name}' is no parameter of {self.path}; there are {there_are}"
                raise Refused(422, detail, self.query)


async def wish_of(request: web.Request, kind: type[WishT]) -> WishT:
    """The body as a wish. Raises ``Refused``, which says what stands wrong where."""
    if request.content_type != JSON:
        raise Refused(415, f"send {JSON}, not {request.content_type}")
    if (request.content_length or 0) > WISH_BYTES:
        raise Refused(413, "no wish is as long as that")
    body = await request.read()
    if len(body) > WISH_BYTES:
        raise Refused(413, "no wish is as long as that")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fields = [one.encode_name for one in msgspec.structs.fields(kind)]
        raise Refused(422, f"{error}; there are {', '.join(fields)}", fields) from error


def _is_number(text: str) -> bool:
    # Python reads no number of thousands of digits.
    return len(text) <= _DIGITS_AT_MOST and text.isascii() and text.isdigit()


def json_response(answer: object, status: int = 200) -> web.Response:
    """An answer as it is sent."""
    return web.Response(
        body=msgspec.json.encode(answer) + b"\n",
        status=status,
        content_type=JSON,
        headers={"Cache-Control": "no-store"},
    )
