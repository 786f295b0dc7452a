"""Governance, a row for each kind of rule: what it decides, and what it shows of itself.

A new kind is one entry in `KINDS`: what its rows says first comes by itself.
"""

from __future__ import annotations

from typing import Final

from dashboards import governance_failures, governance_gates
from dashboards.board import Row

#: By the section of the rule file, in the order in which rules are asked.
KINDS: Final[dict[str, Row]] = {**governance_gates.ROWS, **governance_failures.ROWS}
