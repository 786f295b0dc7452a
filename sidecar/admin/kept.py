"""What operators have set by hand, kept in a file so that it outlives a restart.

Its ends are moments of the wall clock there: the monotonic clock begins anew with each boot.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from sidecar.model.policy import Mode
from sidecar.ruleset.controls import Control, What
from sidecar.telemetry.clock import moment

FILE_NAME: Final = "controls.json"
_SETTINGS: Final = {
    What.OVERRIDE: frozenset(mode.value for mode in Mode),
    What.SWITCH: frozenset({"on"}),
    What.BREAKER: frozenset({"open", "closed"}),
}


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    what: What
    target: str
    setting: str
    until: datetime
    by: str = ""
    why: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    controls: list[_Kept]


_FORMAT: Final = "sidecar-controls/v1"


class Unusable(Exception):  # noqa: N818 - reads as what it says
    """The file is there and cannot be used; says why."""


def keep(path: Path, controls: Iterable[Control], offset: float) -> None:
    """Write what holds, all of it or nothing; ``offset`` leads to the wall clock.

    Raises ``OSError``.
    """
    kept = [
        _Kept(one.what, one.target, one.setting, moment(one.until + offset), one.by, one.why)
        for one in controls
    ]
    if not kept:
        path.unlink(missing_ok=True)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    data = msgspec.json.format(msgspec.json.encode(_File(_FORMAT, kept)), indent=1)
    try:
        with temporary.open("wb") as file:
            file.write(data + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def kept(path: Path, now: float, offset: float, longest_seconds: float) -> list[Control]:
    """What was kept and is not over at ``now``. Raises ``Unusable``.

    What would hold longer than anybody may ask for is cut: a clock that was wrong when it was
    written does not make it hold for ever.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}") from error
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{path} is not what was written there: {error}") from error
    if file.format != _FORMAT:
        raise Unusable(f"{path} is {file.format}, and not {_FORMAT}")
    return [
        Control(
            one.what,
            one.target,
            one.setting,
            min(one.until.timestamp() - offset, now + longest_seconds),
            one.by,
            one.why,
        )
        for one in file.controls
        if one.until.timestamp() - offset > now and one.setting in _SETTINGS[one.what]
    ]
