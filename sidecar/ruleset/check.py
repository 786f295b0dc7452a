"""Everything that can be said about a rule file without running it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from sidecar.ruleset.activity import check_activity
from sidecar.ruleset.alert_checks import check_alerts
from sidecar.ruleset.attachments import NOTHING_ATTACHED, Attachments, attach
from sidecar.ruleset.attempts import check_attempts, lint_attempts
from sidecar.ruleset.consistency import check_consistency
from sidecar.ruleset.diagnostics import Diagnostic, has_errors, in_order
from sidecar.ruleset.document import Document, load
from sidecar.ruleset.fallback_checks import check_fallbacks, lint_fallbacks
from sidecar.ruleset.folder import Folder
from sidecar.ruleset.lint import lint
from sidecar.ruleset.parts import parts_of, salvage
from sidecar.ruleset.references import check_references
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.screen import Screened, screen
from sidecar.ruleset.topology import check_topology
from sidecar.ruleset.translate import place_of, translate
from sidecar.ruleset.trust_checks import check_trust


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule file with what was found; ``file`` is there only when there is no error."""

    file: RuleFile | None
    #: In the order of the file.
    diagnostics: tuple[Diagnostic, ...]
    document: Document
    #: What stands in the files that it names, when it was looked into them.
    attachments: Attachments = NOTHING_ATTACHED


def check(text: bytes | str, name: str, folder: Folder | None = None) -> Checked:
    """Read and check a rule file; ``name`` stands in its diagnostics. Never raises.

    All errors are found in one run; warnings are given for files without errors. The files that
    it names are read from ``folder``, and not looked at without one.
    """
    document = load(text, name)
    if not document.is_readable:
        return Checked(None, document.diagnostics, document)
    screened = screen(document)
    found = [*document.diagnostics, *screened.diagnostics]
    file, errors = _read(screened, document)
    found += errors
    parts = (
        parts_of(file)
        if file is not None and not screened.removed_within(())
        else salvage(screened)
    )
    found += check_references(parts, document)
    found += check_consistency(parts, document)
    found += check_activity(parts, document)
    found += check_attempts(parts, document)
    found += check_fallbacks(parts, document)
    found += check_topology(parts, document)
    found += check_trust(parts, document)
    found += check_alerts(parts, document)
    attachments = NOTHING_ATTACHED
    if folder is not None:
        attachments, problems = attach(parts, document, folder)
        found += problems
    if file is None or has_errors(found):
        return Checked(None, in_order(found), document, attachments)
    found += lint(file, document)
    found += lint_attempts(file, document)
    found += lint_fallbacks(file, document)
    return Checked(file, in_order(found), document, attachments)


def _read(screened: Screened, document: Document) -> tuple[RuleFile | None, list[Diagnostic]]:
    try:
        return RuleFile.model_validate(screened.data), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    return None, [
        translate(detail, document)
        for detail in details
        # What something was taken out of is no longer as it was written.
        if not screened.removed_within(place_of(detail, document))
    ]
