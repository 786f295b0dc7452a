"""``sidecar provision grafana``: folder, data sources, dashboards and alerts in Grafana."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import typer
from pydantic_core import PydanticCustomError

from sidecar.alerting.alert import Group
from sidecar.alerting.compile import groups
from sidecar.alerting.grafana_rules import rule_groups
from sidecar.alerting.links import RUNBOOK, linked
from sidecar.alerting.notifying import Notifying
from sidecar.alerting.profile import PRODUCTION, PROFILES
from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands import grafana_options as o
from sidecar.commands.examples import examples
from sidecar.commands.notified import (
    HoursOption,
    OwnerOption,
    PageOption,
    TicketOption,
    notifying_of,
)
from sidecar.commands.options import JsonOption
from sidecar.commands.provision_end import Unusable, ended, show, words
from sidecar.commands.rule_text import checked
from sidecar.commands.written_file import write_whole
from sidecar.model.quantities import parse_duration
from sidecar.model.secret import SecretText
from sidecar.model.server_url import parse_server_url
from sidecar.provision.grafana.access import Access
from sidecar.provision.grafana.credentials import Environment, Login, Unreadable
from sidecar.provision.grafana.filing import file_steps
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.sources import Place, Places
from sidecar.provision.grafana.wanted import FOLDER, PROMETHEUS
from sidecar.provision.step import Refused, Step, What
from sidecar.ruleset.rendering import Format, render

EXAMPLES: Final = examples(
    "sidecar provision grafana order.rules.yaml --url https://grafana:3000"
    " --prometheus http://prometheus:9090 --page-to @/run/secrets/pager --dry-run",
    "sidecar provision grafana *.rules.yaml --files grafana/ --check",
    "sidecar provision grafana --url https://grafana:3000 --remove",
)
_LOGIN: Final = (
    "say who asks: GRAFANA_TOKEN in the environment or --token-file, or --user with"
    " GRAFANA_PASSWORD or --password-file"
)


def grafana_command(  # noqa: PLR0913 - each an option of its own
    rules: o.RulesArgument = None,
    *,
    url: o.UrlOption = "",
    token_file: o.TokenFileOption = "",
    user: o.UserOption = "",
    password_file: o.PasswordFileOption = "",
    ca: o.CaOption = "",
    prometheus: o.PrometheusOption = "",
    scrape_interval: o.IntervalOption = "15s",
    elasticsearch: o.ElasticsearchOption = "",
    traces: o.TracesOption = "",
    renew_secrets: o.RenewOption = False,
    page_to: PageOption = "",
    ticket_to: TicketOption = "",
    owner_to: OwnerOption = [],  # noqa: B006 - typer copies it
    office_hours: HoursOption = "",
    profile: o.ProfileOption = PRODUCTION.name,
    runbook: o.RunbookOption = RUNBOOK,
    prune: o.PruneOption = False,
    remove: o.RemoveOption = False,
    dry_run: o.DryRunOption = False,
    files: o.FilesOption = None,
    files_at: o.FilesAtOption = o.DEFAULT_FILES_AT,
    check: o.CheckOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put folder, data sources, dashboards and alerts into Grafana, and keep them right.

    A second time there is nothing to do. What is not the sidecar's is left alone. What is given
    with a secret is read from the environment, or from a file that is named.

    Exit status 0 when all is as it should be, 1 when Grafana refused a part of it or cannot be
    reached or a file is stale, 2 when the arguments make no sense.
    """
    try:
        _insist(files, rules, check=check, remove=remove)
        environment = Environment(os.environ, by_name=files is not None)
        addresses = (prometheus, elasticsearch, traces)
        plan = Plan(
            _places(addresses, scrape_interval, environment),
            _alerts(rules, profile, runbook),
            _notifying(page_to, ticket_to, owner_to, office_hours, profile),
            prune=prune,
            renew_secrets=renew_secrets,
            remove=remove,
        )
        if files is not None:
            dry_run, heading = dry_run or check, f"Files for Grafana in {files}"
            steps = list(_filed(files, plan, files_at, dry_run=dry_run, check=check))
            show(steps, heading, dry_run=dry_run, as_json=as_json)
        login = _login(environment, token_file, user, password_file)
        access = _access(url, login, ca, plan)
    except (Unusable, PydanticCustomError) as error:
        ended(words(error), BAD_USAGE)
    steps, version = _provisioned(access, plan, dry_run=dry_run)
    heading = f"{f'Grafana {version}'.strip()} at {access.url}"
    show(steps, heading, dry_run=dry_run, as_json=as_json)


def _insist(files: Path | None, rules: list[Path] | None, *, check: bool, remove: bool) -> None:
    if check and files is None:
        raise Unusable("--check is about files: say with --files which")
    if remove and (rules or files is not None):
        raise Unusable("--remove deletes what is in Grafana, and needs neither rules nor --files")


def _places(addresses: tuple[str, str, str], interval: str, environment: Environment) -> Places:
    parse_duration(interval)

    def place(url: str, name: str) -> Place | None:
        return environment.place(parse_server_url(url), name) if url else None

    prometheus, elasticsearch, traces = addresses
    try:
        return Places(
            place(prometheus, "PROMETHEUS"),
            place(elasticsearch, "ELASTICSEARCH"),
            place(traces, "TRACES"),
            interval,
        )
    except Unreadable as error:
        raise Unusable(str(error)) from None


def _alerts(rules: list[Path] | None, profile: str, runbook: str) -> tuple[Group, ...] | None:
    """The alerts of all files; none of them when one has errors."""
    if profile not in PROFILES:
        raise Unusable(f"{profile!r} is no profile: {' or '.join(PROFILES)}")
    if not rules:
        return None
    results = [checked(path) for path in rules]
    if any(result.file is None for result in results):
        sys.stderr.write(render(results, Format.TEXT, colour=sys.stderr.isatty()))
        raise typer.Exit(BAD_USAGE)
    made = [group for result in results for group in groups(result, PROFILES[profile])]
    alerts = linked(made, runbook)
    try:
        rule_groups(alerts, folder=FOLDER, data_source=PROMETHEUS)
    except ValueError as error:
        raise Unusable(str(error)) from None
    return alerts


def _notifying(
    page: str, ticket: str, owners: list[str], hours: str, profile: str
) -> Notifying | None:
    try:
        return notifying_of(page, ticket, owners, hours, profile)
    except ValueError as error:
        raise Unusable(str(error)) from None


def _login(environment: Environment, token_file: str, user: str, password_file: str) -> Login:
    if token_file and user:
        raise Unusable("give a token, or a user with a password, not both")
    try:
        login = environment.login(token_file=token_file, user=user, password_file=password_file)
    except Unreadable as error:
        raise Unusable(str(error)) from None
    if login.token is None and login.password is None:
        raise Unusable(_LOGIN)
    return login


def _access(url: str, login: Login, ca: str, plan: Plan) -> Access:
    if not url:
        raise Unusable("say where it is: --url")
    others = (*_told(plan.notifying), *_used(plan.places))
    return Access(parse_server_url(url), login.token, login.user, login.password, ca, others)


def _told(notifying: Notifying | None) -> Iterator[SecretText]:
    """Addresses that let whoever knows them wake people."""
    if notifying is not None:
        yield from (SecretText(one.url) for one in notifying.receivers().values() if one.url)


def _used(places: Places) -> Iterator[SecretText]:
    for place in (places.prometheus, places.elasticsearch, places.traces):
        if place is not None:
            secrets = (place.password, place.authorization)
            yield from (secret for secret in secrets if secret is not None)


def _filed(folder: Path, plan: Plan, at: str, *, dry_run: bool, check: bool) -> Iterator[Step]:
    for step in file_steps(folder, plan, write_whole, provisioning=at, dry_run=dry_run):
        if check and step.what is not What.UNCHANGED:
            yield msgspec.structs.replace(step, what=What.REFUSED, words="not as it would be")
        else:
            yield step


def _provisioned(access: Access, plan: Plan, *, dry_run: bool) -> tuple[list[Step], str]:
    # Half a second goes into importing the client: only who needs it waits.
    from sidecar.provision.grafana.provisioning import provision  # noqa: PLC0415
    from sidecar.provision.grafana.server import Server  # noqa: PLC0415

    try:
        server = Server(access)
    except OSError as error:
        ended(f"{access.ca} cannot be read: {error.strerror or error}", BAD_USAGE)
    try:
        version = server.version()
        run = provision(server, plan, version=version, dry_run=dry_run, wait=time.sleep)
        return list(run), version
    except Refused as error:
        ended(f"Grafana at {access.url}: {error}", FAILED)
    finally:
        server.close()
