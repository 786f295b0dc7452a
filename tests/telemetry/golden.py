"""What was written down once, and what comes out now.

``REWRITE_GOLDEN=1 pytest tests/telemetry`` writes the files anew: read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "golden"


def compare(name: str, found: Any) -> None:
    """Fail when ``found`` is not what the file of this name holds."""
    path = _FOLDER / name
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if os.environ.get("REWRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert json.loads(text) == json.loads(path.read_text("utf-8"))
