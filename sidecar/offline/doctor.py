"""What is wrong here, and what to do about it: the machine, a rule file, what it refers to."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sidecar.proxy.descriptors import raise_limit, shortage
from sidecar.ruleset.diagnostics import Severity
from sidecar.settings import default_state_dir

if TYPE_CHECKING:
    from sidecar.model.addresses import Address
    from sidecar.ruleset.check import Checked
    from sidecar.ruleset.routes import RuleSet
    from sidecar.ruleset.schema import RuleFile

_CONNECT_SECONDS: Final = 1.0
_SCARCE_BYTES: Final = 256 << 20
_CERTIFICATE_DAYS: Final = 14
_DAY: Final = 86400.0
#: No clock of a machine in order shows a time before this program was written (2026-01-01).
_EARLIEST: Final = 1767225600.0


class State(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    text: str
    #: What to do about it; empty when it is well.
    advice: str = ""


Look = Iterator[Finding]


def look_at_machine(state_dir: Path | None = None) -> Look:
    """What every sidecar on this machine needs."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", State.OK, version)
    if find_spec("uvloop") is None:
        advice = "pip install uvloop, or run with --loop asyncio"
        yield Finding("event loop", State.WARNING, "uvloop is not installed", advice)
    else:
        yield Finding("event loop", State.OK, "uvloop")
    yield _clock(time.time())
    yield _processor()
    yield _disk(state_dir or _existing(default_state_dir("any", "any", os.environ)))


def look_at_rules(checked: Checked, rules: RuleSet | None, base: Path) -> Look:
    """A rule file, and whether what it names is there."""
    yield _file(checked)
    if checked.file is None or rules is None:
        return
    raise_limit()
    short = shortage(rules)
    yield Finding(
        "open files",
        State.WARNING if short else State.OK,
        short or "as many as the rules may need",
        "raise the limit of open files (ulimit -n, LimitNOFILE=)" if short else "",
    )
    yield from _listeners(checked.file, base)
    yield from _upstreams(checked.file, base)
    yield from _certificates(checked.file, base)


# --- the machine


def _clock(now: float) -> Finding:
    if now < _EARLIEST:
        advice = "set the clock; certificates, tokens and active windows go by it"
        return Finding("clock", State.WRONG, "it shows a time that has long passed", advice)
    return Finding("clock", State.OK, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))


def _processor() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("processor", State.OK, f"{cores} core{'s' * (cores != 1)} to run on")


def _disk(folder: Path) -> Finding:
    what = "state directory"
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(
            what, State.WRONG, f"{folder}: {error.strerror}", "choose another, --state-dir"
        )
    if not os.access(folder, os.W_OK):
        advice = "choose another with --state-dir, or run as who may write there"
        return Finding(what, State.WRONG, f"{folder} cannot be written to", advice)
    if free < _SCARCE_BYTES:
        text = f"{folder} has {free >> 20} MiB left"
        return Finding(what, State.WARNING, text, "make room: logs will be lost first")
    return Finding(what, State.OK, str(folder))


def _existing(folder: Path) -> Path:
    """The closest folder above that is there."""
    return next((one for one in (folder, *folder.parents) if one.is_dir()), Path("/"))


# --- a rule file


def _file(checked: Checked) -> Finding:
    counts = dict.fromkeys(Severity, 0)
    for one in checked.diagnostics:
        counts[one.severity] += 1
    name = checked.document.name
    if checked.file is None:
        text = f"{name} has {_so_many(counts[Severity.ERROR], 'error')}"
        return Finding("rule file", State.WRONG, text, f"sidecar check {name}")
    if counts[Severity.WARNING]:
        text = f"{name} has {_so_many(counts[Severity.WARNING], 'warning')}"
        return Finding("rule file", State.WARNING, text, f"sidecar check {name}")
    return Finding("rule file", State.OK, name)


def _so_many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _listeners(file: RuleFile, base: Path) -> Look:
    for name, bind in _binds(file).items():
        what = f"listener {name}"
        trouble = _cannot_bind(bind, base)
        if trouble:
            advice = "stop what listens there, or change the address; a sidecar may run already"
            yield Finding(what, State.WARNING, f"{bind}: {trouble}", advice)
        else:
            yield Finding(what, State.OK, f"{bind} is free")


def _binds(file: RuleFile) -> dict[str, Address]:
    binds = {"inbound": file.listeners.inbound.bind}
    if file.telemetry.prometheus is not None:
        binds["prometheus"] = file.telemetry.prometheus.bind
    return binds


def _cannot_bind(bind: Address, base: Path) -> str:
    """Why an address cannot be listened on; empty when it can."""
    if bind.path:
        path = base / bind.path
        return "" if os.access(_existing(path.parent), os.W_OK) else "the folder is not ours"
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind.host, bind.port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _upstreams(file: RuleFile, base: Path) -> Look:
    for name, upstream in file.upstreams.items():
        for address in upstream.addresses:
            yield _reachable(f"upstream {name}", address, base)


def _reachable(what: str, address: Address, base: Path) -> Finding:
    try:
        _connect(address, base)
    except OSError as error:
        advice = "start it, or correct the address; requests are answered with 502 until then"
        return Finding(what, State.WRONG, f"{address}: {_said(error)}", advice)
    return Finding(what, State.OK, f"{address} accepts connections")


def _connect(address: Address, base: Path) -> None:
    if address.path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_CONNECT_SECONDS)
            probe.connect(str(base / address.path))
    else:
        socket.create_connection((address.host, address.port), _CONNECT_SECONDS).close()


def _said(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _certificates(file: RuleFile, base: Path) -> Look:
    tls = file.listeners.inbound.tls
    if tls is not None:
        yield _certificate("certificate", base / tls.cert, base / tls.key, time.time)


def _certificate(what: str, cert: Path, key: Path, now: Callable[[], float]) -> Finding:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
        ends = _end_of(cert)
    except (OSError, ssl.SSLError, ValueError) as error:
        advice = "name a certificate chain and its private key, PEM"
        return Finding(what, State.WRONG, f"{cert}: {error}", advice)
    days = (ends - now()) / _DAY
    if days < 0:
        return Finding(what, State.WRONG, f"{cert} has expired", "renew it")
    if days < _CERTIFICATE_DAYS:
        return Finding(what, State.WARNING, f"{cert} expires in {days:.0f} days", "renew it")
    return Finding(what, State.OK, f"{cert} is good for {days:.0f} days")


def _end_of(cert: Path) -> float:
    from cryptography import x509  # noqa: PLC0415 - takes a tenth of a second to load

    return x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc.timestamp()
