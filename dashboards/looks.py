"""What colours mean, and what values are called: red is to be acted on, everywhere the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard
from grafana_foundation_sdk.models.common import GraphThresholdsStyleMode
from grafana_foundation_sdk.models.dashboard import (
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

GOOD: Final = "green"
DOUBTFUL: Final = "orange"
BAD: Final = "red"
#: Neither good nor bad: a matter of fact.
PLAIN: Final = "blue"
NOTHING: Final = "super-light-green"
#: Somebody's doing.
BY_HAND: Final = "purple"


def thresholds(lowest: str, steps: Mapping[float, str]) -> dashboard.ThresholdsConfig:
    """``lowest`` is the colour below all of ``steps``, each of which begins at its value."""
    above = [Threshold(value=value, color=colour) for value, colour in sorted(steps.items())]
    return (
        dashboard.ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=None, color=lowest), *above])
    )


def the_more_the_worse(doubtful: float, bad: float) -> dashboard.ThresholdsConfig:
    """Green, orange from ``doubtful`` on, red from ``bad`` on."""
    return thresholds(GOOD, {doubtful: DOUBTFUL, bad: BAD})


def the_less_the_worse(doubtful: float, bad: float) -> dashboard.ThresholdsConfig:
    """Green, orange below ``doubtful``, red below ``bad``."""
    return thresholds(BAD, {bad: DOUBTFUL, doubtful: GOOD})


def plain() -> dashboard.ThresholdsConfig:
    """One colour: no value is better than another."""
    return thresholds(PLAIN, {})


def drawn() -> common.GraphThresholdsStyleConfig:
    """Thresholds as dashed lines."""
    return common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)


def by_threshold() -> dashboard.FieldColor:
    """Series are coloured by their values."""
    return dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS)


def words(**meanings: tuple[str, str]) -> ValueMap:
    """What values are called and how they are coloured: ``words(_0=("closed", GOOD))``."""
    results = {
        value.removeprefix("_"): ValueMappingResult(text=text, color=colour, index=place)
        for place, (value, (text, colour)) in enumerate(meanings.items())
    }
    return ValueMap(options=results)


BREAKER: Final = words(
    _0=("closed", GOOD), _1=("probing", DOUBTFUL), _2=("open", BAD), _3=("open", BAD)
)
RULE_FILE: Final = words(_0=("refused", BAD), _1=("in force", GOOD))
BACKEND: Final = words(_0=("does not take it", BAD), _1=("takes what it is sent", GOOD))
SCRAPED: Final = words(_0=("not reached", BAD), _1=("scraped", GOOD))
HELD: Final = words(_0=("by itself", NOTHING), _1=("held by hand", BY_HAND))
MODE: Final = words(
    enforce=("enforce", GOOD), shadow=("shadow", PLAIN), disabled=("disabled", DOUBTFUL)
)
MODE_BY: Final = words(
    file=("file", NOTHING), override=("override", BY_HAND), window=("window", PLAIN)
)
UP: Final = words(_0=("left out", BAD), _1=("gets requests", GOOD))
