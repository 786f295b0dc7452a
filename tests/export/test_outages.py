from __future__ import annotations

from sidecar.export.frames import BackendReport
from sidecar.export.outages import Outages


def report(name: str = "otlp", *, is_up: bool = True, error: str = "") -> BackendReport:
    return BackendReport(name, {}, {}, {}, is_up=is_up, error=error, requests_ok=int(is_up))


def test_nothing_is_said_of_one_that_is_well() -> None:
    outages = Outages()
    assert outages.heard(report()) is None
    assert outages.heard(report(error="a part was refused")) is None


def test_its_beginning_and_its_end_are_said_once() -> None:
    outages = Outages()
    begun = outages.heard(report(is_up=False, error="no answer in time"))
    assert begun == ("WARN", "otlp does not take what it is sent: no answer in time")
    assert outages.heard(report(is_up=False, error="another")) is None
    assert outages.heard(report()) == ("INFO", "otlp takes what it is sent again")
    assert outages.heard(report()) is None


def test_an_exporter_that_has_not_tried_yet_does_not_end_it() -> None:
    outages = Outages()
    assert outages.heard(report(is_up=False)) is not None
    assert outages.heard(BackendReport("otlp", {}, {}, {})) is None
    assert outages.heard(report(is_up=False)) is None
    assert outages.heard(report()) is not None


def test_each_backend_has_its_own() -> None:
    outages = Outages()
    assert outages.heard(report("files", is_up=False)) == (
        "WARN",
        "files does not take what it is sent",
    )
    assert outages.heard(report("otlp")) is None
    assert outages.heard(report("otlp", is_up=False)) is not None
