"""What is told of one span in a line of a waterfall."""

from __future__ import annotations

from typing import Final

import msgspec

from sidecar.traces.trace import StoredEvent, StoredSpan, as_text

_STATUS: Final = "http.response.status_code"
_WHY: Final = ("error.type", "sidecar.reason")
_RESEND: Final = "http.request.resend_count"


class Row(msgspec.Struct, frozen=True):
    """The words of a line."""

    #: Empty where the service is that of the line above.
    service: str
    name: str
    #: Where a try went; left out where there is no room for it.
    place: str
    #: The status and why, as far as either is known.
    result: str

    @property
    def label(self) -> str:
        """What stands before the bar in any case."""
        return " ".join(filter(None, (self.service, self.name)))


def row_of(span: StoredSpan, service_above: str, towards: str) -> Row:
    """A span's words; ``towards`` stands before what it asked for."""
    service = "" if span.service == service_above else one_line(span.service)
    name, place = _name(span, towards)
    return Row(service, one_line(name), one_line(place), one_line(_result(span)))


def _name(span: StoredSpan, towards: str) -> tuple[str, str]:
    if span.kind != "client":
        return span.name, ""
    host = as_text(span.attributes.get("server.address", ""))
    port = as_text(span.attributes.get("server.port", ""))
    resent = span.attributes.get(_RESEND, 0)
    again = f"#{resent + 1}" if isinstance(resent, int) and resent else ""
    name = " ".join(filter(None, (towards, span.name, again)))
    return name, f"{host}:{port}" if host and port else host


def _result(span: StoredSpan) -> str:
    status = as_text(span.attributes.get(_STATUS, ""))
    why = next((as_text(span.attributes[name]) for name in _WHY if name in span.attributes), "")
    if why == status:
        why = ""
    said = " ".join(filter(None, (status, why)))
    return said or ("error" if span.status == "error" else "")


def event_in_words(event: StoredEvent) -> str:
    """An event in a few words: the sentence that it brings, or its name and its attributes."""
    told = {name: as_text(value) for name, value in event.attributes.items()}
    if told.get("body"):
        return one_line(told["body"])
    if event.name == "sidecar.decision":
        rule = f"{told.get('sidecar.rule.kind', '')}/{told.get('sidecar.rule.name', '')}"
        shadow = " (shadow)" if told.get("sidecar.rule.mode") == "shadow" else ""
        return one_line(f"{rule} {told.get('sidecar.decision.outcome', 'decided')}{shadow}")
    facts = (f" {name.removeprefix('sidecar.')}={value}" for name, value in told.items())
    return one_line(event.name + "".join(facts))


def one_line(text: str) -> str:
    """Text without what would move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
