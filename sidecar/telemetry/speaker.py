"""Who speaks: the resource of all spans, log records and metrics."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from sidecar import __version__
from sidecar.telemetry import attributes as a
from sidecar.telemetry.signals import AttributeValue, Resource

#: The standard variable for what else is known of a service: ``key=value,key=value``.
ATTRIBUTES_VARIABLE: Final = "OTEL_RESOURCE_ATTRIBUTES"


def resource_of(
    service: str, criticality: str, instance: str, environment: Mapping[str, str]
) -> Resource:
    """The service that the sidecar wraps, as this process knows it.

    What the environment says of it is told too, and may name another instance; what the rule file
    says goes first.
    """
    given = given_attributes(environment.get(ATTRIBUTES_VARIABLE, ""))
    own: dict[str, AttributeValue] = {
        a.SERVICE.name: service,
        a.HOST_NAME.name: socket.gethostname(),
        a.PID.name: os.getpid(),
        a.SIDECAR_VERSION.name: __version__,
    }
    if criticality:
        own[a.CRITICALITY.name] = criticality
    return Resource({a.INSTANCE.name: instance, **given, **own})


def given_attributes(text: str) -> dict[str, str]:
    """What the variable says; a part that cannot be read is left out.

    Values may be percent-encoded (OpenTelemetry, resource SDK).
    """
    pairs = (part.partition("=") for part in text.split(","))
    found = {key.strip(): unquote(value.strip()) for key, sign, value in pairs if sign}
    return {key: value for key, value in found.items() if key}
