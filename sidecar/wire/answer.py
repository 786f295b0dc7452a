"""Whole answers that are written in the rule file, with the fields that the sidecar answers for."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.wire.local_reply import status_line

#: Answers that never have content (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
WITHOUT_CONTENT = frozenset({204, 205, 304})


def write_answer(
    status: int,
    fields: Sequence[tuple[bytes, bytes]],
    body: bytes,
    own_lines: Sequence[bytes],
    *,
    head_only: bool,
) -> bytes:
    """A whole response. ``own_lines`` are lines of ours, without CRLF.

    To ``HEAD`` (``head_only``) the length is told and nothing sent.
    """
    lines = [status_line(status), *(b"%b: %b\r\n" % field for field in fields)]
    lines += [line + b"\r\n" for line in own_lines]
    if status in WITHOUT_CONTENT:
        body = b""
    if status not in (204, 304):
        lines.append(b"Content-Length: %d\r\n" % len(body))
    lines.append(b"\r\n")
    if not head_only:
        lines.append(body)
    return b"".join(lines)
