"""``sidecar alerts``: what follows from rule files, for Prometheus, Alertmanager and Grafana."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from sidecar.alerting.alert import Group
from sidecar.alerting.alertmanager import Mail
from sidecar.alerting.compile import groups
from sidecar.alerting.links import RUNBOOK, linked
from sidecar.alerting.profile import PRODUCTION, PROFILES
from sidecar.commands import BAD_USAGE, FAILED, OK
from sidecar.commands.alert_forms import Form, Wanted, text_of
from sidecar.commands.alerts_text import alert_lines, counted
from sidecar.commands.examples import examples
from sidecar.commands.notified import (
    HoursOption,
    OwnerOption,
    PageOption,
    TicketOption,
    notifying_of,
)
from sidecar.commands.rule_text import checked
from sidecar.commands.written_file import read_text, write_whole
from sidecar.ruleset.check import Checked
from sidecar.ruleset.rendering import Format, render

EXAMPLES = examples(
    "sidecar alerts order.rules.yaml",
    "sidecar alerts rules/*.rules.yaml --form prometheus --out alerts.rules.yml",
    "sidecar alerts rules/*.rules.yaml --form alertmanager --page-to @/run/secrets/pager",
    "sidecar alerts rules/*.rules.yaml --form prometheus --out alerts.rules.yml --check",
)
_MAIL: Final = "How Alertmanager sends mail"
_GRAFANA: Final = "For Grafana"


def alerts_command(  # noqa: PLR0913 - each an option of its own
    rules: Annotated[list[Path], typer.Argument(help="Rule files; - for standard input.")],
    *,
    form: Annotated[
        Form,
        typer.Option("--form", help="Who reads it; `table` is for people.", case_sensitive=False),
    ] = Form.TABLE,
    profile: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="How long alerts take: `production`, or `demo` in its own short time.",
        ),
    ] = PRODUCTION.name,
    runbook: Annotated[
        str, typer.Option(metavar="URL", help="Where people find what to do about an alert.")
    ] = RUNBOOK,
    grafana: Annotated[
        str,
        typer.Option(metavar="URL", help="Where the dashboards are; alerts then lead to them."),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it there, whole or not at all."),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit with 1 when --out FILE is stale."),
    ] = False,
    page_to: PageOption = "",
    ticket_to: TicketOption = "",
    owner_to: OwnerOption = [],  # noqa: B006 - typer copies it
    office_hours: HoursOption = "",
    fragment: Annotated[
        bool,
        typer.Option(
            "--fragment", help="Only what goes into a configuration of Alertmanager that is there."
        ),
    ] = False,
    mail_through: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="A mail server.", rich_help_panel=_MAIL)
    ] = "",
    mail_from: Annotated[
        str, typer.Option(metavar="NAME@HOST", help="Who it comes from.", rich_help_panel=_MAIL)
    ] = "",
    folder: Annotated[
        str, typer.Option(metavar="TITLE", help="The alerts' folder.", rich_help_panel=_GRAFANA)
    ] = "Sidecar",
    data_source: Annotated[
        str,
        typer.Option(metavar="UID", help="Prometheus, as it knows it.", rich_help_panel=_GRAFANA),
    ] = "sidecar-prometheus",
) -> None:
    """Say of what people are told, and when; or write it as servers read it.

    Several files may be of several services. When one has an error, nothing is written.

    Exit status 0 when it is written, 1 when it cannot be or FILE is stale, 2 when a rule file has
    an error or the arguments make no sense.
    """
    try:
        made = linked(_groups(rules, profile), runbook, grafana)
        wanted = Wanted(
            form=form,
            rules=tuple(str(path) for path in rules),
            profile=profile,
            out=out,
            runbook=runbook,
            folder=folder,
            data_source=data_source,
            notifying=notifying_of(page_to, ticket_to, owner_to, office_hours, profile),
            mail=_mail(mail_through, mail_from),
            is_fragment=fragment,
        )
        _insist(form, out, check=check)
        if form is Form.TABLE:
            _show(made)
        else:
            _deliver(text_of(made, wanted), out, check=check)
    except ValueError as error:
        _ended(str(error), BAD_USAGE)


def _groups(rules: Sequence[Path], profile: str) -> list[Group]:
    """The groups of all files; ends the command when one has errors. Raises ValueError."""
    if profile not in PROFILES:
        raise ValueError(f"{profile!r} is no profile: {' or '.join(PROFILES)}")
    results = [checked(path) for path in rules]
    if any(result.file is None for result in results):
        sys.stderr.write(render(results, Format.TEXT, colour=sys.stderr.isatty()))
        raise typer.Exit(BAD_USAGE)
    _insist_on_different_services(results)
    return [group for result in results for group in groups(result, PROFILES[profile])]


def _insist_on_different_services(results: Sequence[Checked]) -> None:
    names = Counter(result.file.service for result in results if result.file is not None)
    for service, count in names.items():
        if count > 1:
            files = [
                result.document.name
                for result in results
                if result.file is not None and result.file.service == service
            ]
            raise ValueError(
                f"{' and '.join(files)} are all of the service {service}: its alerts would be told"
                " apart by nothing"
            )


def _mail(through: str, sender: str) -> Mail | None:
    if bool(through) != bool(sender):
        raise ValueError("mail needs both --mail-through and --mail-from")
    return Mail(through, sender) if through else None


def _insist(form: Form, out: Path | None, *, check: bool) -> None:
    if check and out is None:
        raise ValueError("--check is about a file: say with --out which")
    if form is Form.TABLE and out is not None:
        raise ValueError("a table is for people: say with --form who reads the file")


def _show(made: Sequence[Group]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for line in alert_lines(made):
        console.print(line)
    console.print(counted(made))


def _deliver(text: str, out: Path | None, *, check: bool) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    if check:
        if read_text(out) != text:
            _ended(f"{out} is not what the rule files say: make it again", FAILED)
        raise typer.Exit(OK)
    try:
        written = write_whole(out, text)
    except OSError as error:
        _ended(f"{out}: {error.strerror or error}", FAILED)
    typer.echo(f"{out}: {'written' if written else 'unchanged'}", err=True)


def _ended(sentence: str, status: int) -> NoReturn:
    typer.echo(f"sidecar: {sentence}", err=True)
    raise typer.Exit(status)
