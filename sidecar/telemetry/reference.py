"""Writes the reference of metrics, attributes, events and reasons from the catalogue.

``python -m sidecar.telemetry.reference docs/telemetry.md`` renews it; ``--check`` only compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sidecar.telemetry.catalogue import ATTRIBUTES, EVENTS, METRICS, REASONS
from sidecar.telemetry.declaration import Metric, Use
from sidecar.telemetry.otel_names import dotted_name, ucum_unit

BEGIN: Final = "<!-- generated from sidecar/telemetry: do not edit below -->"
END: Final = "<!-- end of the generated part -->"

_USES: Final = {
    Use.REJECTION: "request rejected",
    Use.CONNECTION: "connection refused",
    Use.REFUSAL: "request refused by a rule",
    Use.FAILURE: "failure",
    Use.CONNECT: "connect failure",
    Use.RETRY: "retry",
    Use.NO_RETRY: "retry left out",
    Use.FALLBACK: "fallback",
    Use.RECORD_DROP: "record dropped",
    Use.LOG_DROP: "log line dropped",
    Use.METRIC_DROP: "metrics dropped",
    Use.EXPORT_DROP: "dropped by an exporter",
}


def reference() -> str:
    """The whole reference as Markdown."""
    return "\n\n".join(
        (
            "### Metrics",
            _table(
                ("metric", "type", "labels", "in OpenTelemetry", "what it says"),
                map(_metric_row, METRICS),
            ),
            "Upper bounds of the buckets, in seconds:",
            "\n".join(_bucket_line(metric) for metric in METRICS if metric.buckets),
            "### Attributes and labels",
            _table(
                ("attribute", "type", "label", "what it is"),
                (
                    (f"`{one.name}`", one.type, f"`{one.label}`" if one.label else "", one.help)
                    for one in ATTRIBUTES
                ),
            ),
            "### Events",
            _table(
                ("event", "what happened"),
                ((f"`{one.name}`", one.help) for one in EVENTS),
            ),
            "### Reasons",
            _table(
                ("reason", "counted as", "what it means"),
                ((f"`{one.name}`", _uses(one.uses), one.help) for one in REASONS),
            ),
        )
    )


def renewed(page: str) -> str:
    """The page with its generated part as it should be.

    Raises ``ValueError`` when the two marks are not there, once each.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page must have one {BEGIN!r} and one {END!r}")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Renew or check the pages named; 1 when a page that was only checked is out of date."""
    check = "--check" in arguments
    stale = [Path(name) for name in arguments if name != "--check" and _is_stale(Path(name))]
    for path in stale:
        if check:
            sys.stderr.write(f"{path} is not what the catalogue says; run this without --check\n")
        else:
            path.write_text(renewed(path.read_text("utf-8")), "utf-8")
    return int(check and bool(stale))


def _is_stale(path: Path) -> bool:
    page = path.read_text("utf-8")
    return renewed(page) != page


def _metric_row(metric: Metric) -> tuple[str, ...]:
    labels = ", ".join(f"`{name}`" for name in metric.label_names)
    dotted = f"`{dotted_name(metric)}` in `{ucum_unit(metric)}`"
    return f"`{metric.name}`", metric.kind.value, labels, dotted, metric.help


def _bucket_line(metric: Metric) -> str:
    bounds = ", ".join(f"{bound:f}".rstrip("0").rstrip(".") for bound in metric.buckets)
    return f"- `{metric.name}`: {bounds}"


def _uses(uses: frozenset[Use]) -> str:
    return ", ".join(text for use, text in _USES.items() if use in uses)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
