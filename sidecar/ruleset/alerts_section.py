"""The `alerts` section of a rule file, and the only list of the kinds of alerts there are."""

from __future__ import annotations

from typing import Annotated, Final, get_args

from pydantic import Field

from sidecar.ruleset.alert_entry import AlertSpec
from sidecar.ruleset.alerts_of_objectives import BudgetLeftSpec, BurnRateSpec, ErrorShareSpec
from sidecar.ruleset.alerts_of_rules import (
    BreakerOpenSpec,
    ControlActiveSpec,
    DegradedShareSpec,
    FallbackFailingSpec,
    KeysForgottenSpec,
    RefusedShareSpec,
    RetriesSkippedSpec,
    RulesRefusedSpec,
    ShadowShareSpec,
    ShedShareSpec,
)
from sidecar.ruleset.alerts_of_sidecars import (
    CpuThrottledSpec,
    DescriptorsNearLimitSpec,
    InternalErrorsSpec,
    LoopLateSpec,
    MemoryNearLimitSpec,
    OutOfMemorySpec,
    SaturationSpec,
    SidecarAbsentSpec,
    SidecarDownSpec,
    SidecarRestartsSpec,
)
from sidecar.ruleset.alerts_of_telemetry import (
    ExporterDownSpec,
    TelemetryBehindSpec,
    TelemetryDroppedSpec,
)
from sidecar.ruleset.alerts_of_upstreams import (
    ConnectsFailingSpec,
    EndpointsDownSpec,
    LookupsFailingSpec,
    PoolOverflowsSpec,
)

#: From what users see down to what only we see.
_Kinds = (
    BurnRateSpec
    | BudgetLeftSpec
    | ErrorShareSpec
    | BreakerOpenSpec
    | ShedShareSpec
    | RefusedShareSpec
    | ShadowShareSpec
    | DegradedShareSpec
    | FallbackFailingSpec
    | RetriesSkippedSpec
    | KeysForgottenSpec
    | RulesRefusedSpec
    | ControlActiveSpec
    | EndpointsDownSpec
    | ConnectsFailingSpec
    | LookupsFailingSpec
    | PoolOverflowsSpec
    | SidecarAbsentSpec
    | SidecarDownSpec
    | SidecarRestartsSpec
    | InternalErrorsSpec
    | SaturationSpec
    | LoopLateSpec
    | CpuThrottledSpec
    | MemoryNearLimitSpec
    | OutOfMemorySpec
    | DescriptorsNearLimitSpec
    | TelemetryDroppedSpec
    | TelemetryBehindSpec
    | ExporterDownSpec
)

#: An entry of `alerts`, whose `kind` says what else may stand in it.
AlertEntry = Annotated[_Kinds, Field(discriminator="kind")]


def kind_of(spec: type[AlertSpec]) -> str:
    """The word for a kind: ``burn_rate``."""
    (word,) = get_args(spec.model_fields["kind"].annotation)
    return str(word)


#: The specs by the word in `kind`.
ALERT_KINDS: Final[dict[str, type[AlertSpec]]] = {kind_of(spec): spec for spec in get_args(_Kinds)}
