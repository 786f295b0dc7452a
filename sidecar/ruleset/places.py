"""Points warnings at places of a rule file: at a value, or at the name of a field."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.nodes import Path


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one file."""

    document: Document

    def value(self, code: str, path: Path, message: str, hint: str = "") -> Diagnostic:
        """A finding about the value at ``path``."""
        return finding(code, message, self.document.name, self.document.span(path), hint)

    def name(self, code: str, path: Path, message: str, hint: str = "") -> Diagnostic:
        """A finding about the name of the field that ``path`` ends with."""
        return finding(code, message, self.document.name, self.document.name_span(path), hint)

    def line(self, path: Path) -> int:
        """The line of the value at ``path``."""
        return self.document.span(path).line
