"""What a refusal of the wire says."""

from __future__ import annotations

import pytest

from sidecar.wire.rejection import URI_TOO_LONG, Rejected, bad_request


def test_says_status_reason_and_detail() -> None:
    with pytest.raises(Rejected) as caught:
        raise Rejected(414, URI_TOO_LONG, "the request line is too long (RFC 9112, 3)")
    refusal = caught.value
    assert (refusal.status, refusal.reason) == (414, "uri_too_long")
    assert str(refusal) == "414 uri_too_long: the request line is too long (RFC 9112, 3)"


def test_most_refusals_are_bad_requests() -> None:
    refusal = bad_request("a bare LF (RFC 9112, 2.2)")
    assert (refusal.status, refusal.reason, refusal.detail) == (
        400, "bad_request", "a bare LF (RFC 9112, 2.2)",
    )  # fmt: skip
