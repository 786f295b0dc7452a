"""``python -m demo_services.load PLAN.json``: a JSON line a second, the report as the last."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import uvloop

from demo_services.load.driver import run
from demo_services.load.plan import Plan
from demo_services.load.report import Report, Second


def main(arguments: list[str]) -> int:
    """Run the plan in the file named, or on standard input for ``-``.

    Exit status 0 when the load was offered, whatever the answers; 2 when it could not be.
    """
    if len(arguments) != 1:
        print("usage: python -m demo_services.load PLAN.json | -", file=sys.stderr)
        return 2
    try:
        text = sys.stdin.buffer.read() if arguments[0] == "-" else Path(arguments[0]).read_bytes()
        plan = msgspec.json.decode(text, type=Plan)
        _tell(uvloop.run(run(plan, _tell)))
    except msgspec.MsgspecError as error:
        print(f"not a plan: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _tell(event: Second | Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
