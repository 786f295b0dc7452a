"""What the wire refuses to read, and the answer that it gets for it."""

from __future__ import annotations

#: The catalogue's words for what the wire refuses.
BAD_REQUEST = "bad_request"
URI_TOO_LONG = "uri_too_long"
HEAD_TOO_LARGE = "head_too_large"
BODY_TOO_LARGE = "body_too_large"
METHOD_NOT_SUPPORTED = "method_not_supported"
VERSION_NOT_SUPPORTED = "version_not_supported"
NOT_IMPLEMENTED = "not_implemented"


class Rejected(Exception):  # noqa: N818 - a refusal of what a peer sent, not an error of ours
    """A message that is malformed, ambiguous or beyond a limit.

    ``status`` is the answer when it was a request; a response that is rejected becomes a 502.
    ``reason`` is a word of the catalogue, ``detail`` one sentence for the sender that says what
    was wrong and which section of which RFC says so. After it the state of the connection is
    unknown: it must be closed.
    """

    __slots__ = ("detail", "reason", "status")

    def __init__(self, status: int, reason: str, detail: str) -> None:
        # Only the three words are kept: a flood of malformed requests must stay cheap.
        self.status = status
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        """The answer in one line, for logs."""
        return f"{self.status} {self.reason}: {self.detail}"


def bad_request(detail: str) -> Rejected:
    """A 400 with the catalogue's usual word."""
    return Rejected(400, BAD_REQUEST, detail)
