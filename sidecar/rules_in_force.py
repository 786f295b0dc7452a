"""The rules that a running sidecar obeys, and how others take their place."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sidecar.model.policy import Mode
from sidecar.proxy.clock import clock
from sidecar.ruleset.compiler import adopt, compile_rules
from sidecar.ruleset.controls import Control, Controls, What, counted
from sidecar.ruleset.diagnostics import Diagnostic, Severity
from sidecar.ruleset.reload import needs_restart
from sidecar.ruleset.surroundings import Surroundings, Wrapped
from sidecar.ruleset.telemetry_sections import DecisionLog
from sidecar.telemetry.cells import Aim
from sidecar.telemetry.record import Noticed
from sidecar.telemetry.rule_told import rule_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sidecar.model.policy import Notice, Reading, Rule
    from sidecar.policies.token import Tokens
    from sidecar.proxy.engine import Engine
    from sidecar.ruleset.attachments import Attachments, Use
    from sidecar.ruleset.check import Checked
    from sidecar.ruleset.routes import DecisionCount, RuleSet
    from sidecar.ruleset.schema import RuleFile
    from sidecar.telemetry.access_log import AccessLog
    from sidecar.telemetry.metrics import Meters
    from sidecar.telemetry.rule_told import ModeBy, RuleTold

_ERRORS_LOGGED: Final = 5


class RulesInForce:
    """The last good rule file, compiled; all of a file goes live, or nothing of it."""

    def __init__(
        self,
        checked: Checked,
        base: Path,
        meters: Meters,
        log: AccessLog,
        chance: Callable[[], float],
        wrapped: Wrapped | None = None,
    ) -> None:
        """``checked`` has no errors. Raises ``ValueError`` if it has."""
        if checked.file is None:
            raise ValueError("a file with errors is never in force")
        self.checked = checked
        self.file: RuleFile = checked.file
        self.controls = Controls()
        #: The last thing that could not be put in force, in words; empty when all is well.
        self.trouble = ""
        #: What was found in the file that was seen last.
        self.found: tuple[Diagnostic, ...] = checked.diagnostics
        self._meters = meters
        self._log = log
        self._surroundings = Surroundings(
            base, self._count_of, self.controls, notify=self._noticed, notify_beside=self.notice,
            chance=chance, wall=time.time, wrapped=wrapped, count_of_objective=meters.objective,
        )  # fmt: skip
        #: How loaded this host is, for whoever measures it.
        self.load = self._surroundings.load
        self._engine: Engine | None = None
        self._log_as_told()
        meters.readings = self._readings
        meters.aims = lambda: {
            one.name: Aim(one.target, one.over, one.good.not_shed) for one in self.file.slo
        }
        meters.rules_told = self._told
        meters.controls = lambda: counted(self.controls.active())

    @property
    def rules(self) -> RuleSet:
        """The rule set in force."""
        return self._running.rules

    @property
    def local_ports(self) -> list[str]:
        """The upstreams that have a port of their own on this machine."""
        return self._surroundings.local_ports(self.file)

    def first(self) -> RuleSet:
        """The rule set to begin with."""
        return self._compile(self.file, self.checked, None)

    def run_on(self, engine: Engine) -> None:
        """From now on ``engine`` is given what goes live."""
        self._engine = engine
        self._hold_breakers(None)
        self._meters.reloads.succeeded(engine.rules.version, time.time())

    def reload(self, checked: Checked) -> None:
        """Put a changed file in force, or say what is wrong with it."""
        found = [*checked.diagnostics, *needs_restart(self.file, checked)]
        self.found = tuple(found)
        errors = [one for one in found if one.severity is Severity.ERROR]
        if checked.file is None or errors:
            self.failed("; ".join(map(_in_short, errors[:_ERRORS_LOGGED])))
            return
        before = self._install(checked.file, checked)
        self.file, self.checked = checked.file, checked
        self._log_as_told()
        self.trouble = ""
        version = self._running.rules.version
        self._meters.reloads.succeeded(version, time.time())
        self._log.log_event(
            "sidecar.reload", "INFO", "new rules are in force", version=version, before=before
        )

    def renew(self) -> None:
        """Compile the same file again, because something beside it has changed."""
        self._install(self.file, self.checked)

    def look(self, now: float) -> list[Control]:
        """End what operators wanted for so long, and follow the windows of rules.

        Returns what has ended. To be called about once a second.
        """
        over = self.controls.advance(now)
        for control in over:
            self._release(control)
        if over or not self.rules.is_settled(time.time()):
            self.renew()
        return over

    def put(self, control: Control) -> None:
        """Let a control hold from now on. Its target was checked before."""
        self.controls.put(control)
        self.renew()
        self._hold(control)

    def lift(self, what: What, target: str) -> Control | None:
        """Let a control hold no more; None when it did not."""
        control = self.controls.lift(what, target)
        if control is not None:
            self._release(control)
            self.renew()
        return control

    def failed(self, why: str) -> None:
        """A changed file cannot go live: what is live stays."""
        self.trouble = why
        self._meters.reloads.failed()
        self._log.log_event(
            "sidecar.reload", "ERROR", f"the rules stay as they are: {why}",
            version=self._running.rules.version,
        )  # fmt: skip

    # --- the files that the rules name

    def attachments(self) -> Attachments:
        """What stands in them, as it is in force."""
        return self.checked.attachments

    def tick(self) -> None:
        """Look at the wall clock; to be called about once a second."""
        now = time.time()
        self.checked.attachments.advance(now)
        if self.rules.tokens is not None:
            self.rules.tokens.advance(now)

    def tokens(self) -> Tokens | None:
        """What reads the tokens of requests, where an issuer is believed."""
        return self.rules.tokens

    def file_changed(self, use: Use) -> None:
        """The content of a list or the like is in force as it now stands in its file."""
        self._meters.files.succeeded(use[0])
        self._log.log_event("sidecar.file", "INFO", f"{use[0]} is in force as it is now")

    def file_failed(self, use: Use, why: str) -> None:
        """A changed list or the like cannot be used."""
        self._meters.files.failed(use[0])
        self._log.log_event("sidecar.file", "ERROR", f"{use[0]} stays as it was: {why}")

    @property
    def _running(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("nothing runs yet")
        return self._engine

    def _compile(self, file: RuleFile, checked: Checked, previous: RuleSet | None) -> RuleSet:
        checked.attachments.advance(time.time())
        around = replace(self._surroundings, files=checked.attachments)
        return compile_rules(file, checked.document, around, previous)

    def _install(self, file: RuleFile, checked: Checked) -> str:
        """Put ``file`` in force; returns the version that was before."""
        engine = self._running
        previous = engine.rules
        rules = self._compile(file, checked, previous)
        adopt(rules, previous, clock())
        engine.install(rules)
        self._hold_breakers(previous)
        engine.notices.clear()
        return previous.version

    def _log_as_told(self) -> None:
        logs = self.file.telemetry.logs
        self._log.choose(logs.access, decisions=logs.decisions is DecisionLog.ALL)

    def _hold_breakers(self, previous: RuleSet | None) -> None:
        """Breakers that were not there before are as operators want them.

        The others know it already: a breaker goes on as its predecessor was.
        """
        for control in self.controls.active(What.BREAKER):
            if previous is None or ("breakers", control.target) not in previous.policies:
                self._hold(control)

    def _hold(self, control: Control) -> None:
        breaker = self.rules.policies.get(("breakers", control.target))
        if control.what is What.BREAKER and breaker is not None:
            breaker.force(control.setting, control.until, clock())
            # No request has brought that about.
            self._running.notices.clear()

    def _release(self, control: Control) -> None:
        breaker = self.rules.policies.get(("breakers", control.target))
        if control.what is What.BREAKER and breaker is not None:
            breaker.force(None, 0.0, clock())
            self._running.notices.clear()

    def _count_of(self, rule: Rule) -> DecisionCount:
        return self._meters.decision(rule.kind, rule.name, rule.mode)

    def _readings(self) -> Iterator[tuple[Rule, Reading]]:
        """What the rules in force show at the moment."""
        now = clock()
        rules = self._running.rules
        for name, policy in rules.policies.items():
            for reading in policy.readings(now):
                yield rules.rules[name], reading

    def _told(self) -> Iterator[RuleTold]:
        """The rules in force, each in the mode that it really has at the moment."""
        for rule in self._running.rules.rules.values():
            yield rule_told(rule, *self._mode_of(rule), self.file.owner)

    def _mode_of(self, rule: Rule) -> tuple[Mode, ModeBy]:
        # Out of its window a rule rests whatever operators want of it.
        if rule.mode is not Mode.DISABLED and self._running.rules.is_resting(rule.kind, rule.name):
            return Mode.DISABLED, "window"
        return rule.mode, "file" if self.controls.on_rule(rule.label) is None else "override"

    def _noticed(self, notice: Notice) -> None:
        """A rule tells this while it deals with a request, whose record has it too."""
        self.notice(notice)
        if self._engine is not None:
            self._engine.notices.append(Noticed(clock(), notice))

    def notice(self, notice: Notice) -> None:
        """Log what somebody has to tell."""
        severity = "WARN" if notice.warns else "INFO"
        self._log.log_event(notice.event, severity, notice.text, **notice.facts)


def _in_short(one: Diagnostic) -> str:
    hint = f"; {one.hint}" if one.hint else ""
    return f"{one.file}:{one.line}:{one.column} {one.code}: {one.message}{hint}"
