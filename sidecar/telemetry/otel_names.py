"""What metrics are called, and counted in, by those who speak OpenTelemetry's language."""

from __future__ import annotations

from typing import Final

from sidecar.telemetry.declaration import Kind, Metric

_OURS: Final = "sidecar_"
#: First words of names that are two.
_PAIRS: Final = ("rate_limit",)
#: Units of the catalogue in UCUM.
_UCUM: Final = {"seconds": "s", "bytes": "By", "ratio": "1"}


def dotted_name(metric: Metric) -> str:
    """``sidecar.upstream.connects`` for ``sidecar_upstream_connects_total``.

    Unit and kind stand beside the name there, not in it. Written back by OpenTelemetry's rules
    for Prometheus it is our name again, but for those that the conventions have a name for.
    """
    if metric.dotted:
        return metric.dotted
    name = metric.name.removesuffix("_total") if metric.kind is Kind.COUNTER else metric.name
    name = name.removesuffix(f"_{metric.unit}" if metric.unit else "")
    return f"sidecar.{'.'.join(_parted(name.removeprefix(_OURS)))}"


def ucum_unit(metric: Metric) -> str:
    """The unit in UCUM; what is only counted stands in braces: ``{request}``."""
    return _UCUM[metric.unit] if metric.unit else f"{{{metric.counted}}}"


def _parted(name: str) -> list[str]:
    for pair in _PAIRS:
        if name.startswith(f"{pair}_"):
            return [pair, name.removeprefix(f"{pair}_")]
    return name.split("_", 1)
