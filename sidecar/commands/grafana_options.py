"""Options of ``sidecar provision grafana``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sidecar.alerting.profile import PROFILES
from sidecar.provision.grafana.files import PROVISIONING

_WHERE: Final = "Which Grafana"
_READS: Final = "What Grafana reads, as it sees it"
_FILES: Final = "Files of Grafana's own provisioning"


def complete_profiles(incomplete: str) -> list[str]:
    """The profiles that there are."""
    return [name for name in PROFILES if name.startswith(incomplete)]


RulesArgument = Annotated[
    list[Path] | None,
    typer.Argument(help="The rule files whose alerts Grafana watches.", show_default=False),
]
UrlOption = Annotated[
    str,
    typer.Option(
        "--url",
        envvar=["SIDECAR_GRAFANA_URL", "GRAFANA_URL"],
        metavar="URL",
        help="Its address.",
        rich_help_panel=_WHERE,
    ),
]
TokenFileOption = Annotated[
    str,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="Where the token of a service account stands; or GRAFANA_TOKEN in the environment.",
        rich_help_panel=_WHERE,
    ),
]
UserOption = Annotated[
    str,
    typer.Option(
        "--user",
        metavar="NAME",
        help="The user, where there is no token.",
        rich_help_panel=_WHERE,
    ),
]
PasswordFileOption = Annotated[
    str,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="Where that user's password stands; or GRAFANA_PASSWORD in the environment.",
        rich_help_panel=_WHERE,
    ),
]
CaOption = Annotated[
    str,
    typer.Option(
        "--ca",
        metavar="FILE",
        help="The authorities that are believed, PEM; the system's when left out.",
        rich_help_panel=_WHERE,
    ),
]
PrometheusOption = Annotated[
    str,
    typer.Option("--prometheus", metavar="URL", help="Prometheus.", rich_help_panel=_READS),
]
IntervalOption = Annotated[
    str,
    typer.Option(
        "--scrape-interval",
        metavar="DURATION",
        help="How often Prometheus scrapes.",
        rich_help_panel=_READS,
    ),
]
ElasticsearchOption = Annotated[
    str,
    typer.Option(
        "--elasticsearch",
        metavar="URL",
        help="Elasticsearch: logs and spans.",
        rich_help_panel=_READS,
    ),
]
TracesOption = Annotated[
    str,
    typer.Option(
        "--traces",
        metavar="URL",
        help="What `sidecar traces serve` serves.",
        rich_help_panel=_READS,
    ),
]
RenewOption = Annotated[
    bool,
    typer.Option(
        "--renew-secrets",
        help="Write passwords and tokens again that Grafana has: it does not show which.",
        rich_help_panel=_READS,
    ),
]
ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="How long alerts take: `production`, or `demo` in its own short time.",
        autocompletion=complete_profiles,
    ),
]
RunbookOption = Annotated[
    str,
    typer.Option("--runbook", metavar="URL", help="Where people find what to do about an alert."),
]
PruneOption = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Delete what the sidecar has made and is wanted no more: with rule files, the alerts"
        " of all other files, too.",
    ),
]
RemoveOption = Annotated[
    bool, typer.Option("--remove", help="Delete all that the sidecar has made, and make nothing.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
]
FilesOption = Annotated[
    Path | None,
    typer.Option(
        "--files",
        metavar="FOLDER",
        help="Write the same as files, and ask no Grafana.",
        rich_help_panel=_FILES,
    ),
]
FilesAtOption = Annotated[
    str,
    typer.Option(
        "--files-at",
        metavar="PATH",
        help="Where Grafana will find that folder.",
        rich_help_panel=_FILES,
    ),
]
CheckOption = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Write no file; exit with 1 when one is not as it would be written.",
        rich_help_panel=_FILES,
    ),
]
DEFAULT_FILES_AT: Final = PROVISIONING
