"""Where traces are read from, as the options of a command say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NoReturn
from urllib.parse import urlsplit

import msgspec
import typer

from sidecar.commands import BAD_USAGE, FAILED
from sidecar.commands.reaching import Reach, find_all, sentences
from sidecar.commands.remembered import RememberedStore
from sidecar.traces.asked import Misasked, duration_of
from sidecar.traces.files import FileStore
from sidecar.traces.trace import AT_A_TIME, Store, Unanswered

_WHERE: Final = "Where traces are kept"
ElasticsearchOption = Annotated[
    list[str],
    typer.Option(
        "--elasticsearch",
        metavar="URL",
        help="In Elasticsearch, at this address; several of one cluster may be given.",
        rich_help_panel=_WHERE,
    ),
]
FilesOption = Annotated[
    str,
    typer.Option(
        "--files",
        metavar="DIR",
        help="In files below this folder, which `telemetry.files` has written.",
        rich_help_panel=_WHERE,
    ),
]
ApiKeyOption = Annotated[
    str,
    typer.Option(
        "--api-key",
        envvar="SIDECAR_ELASTICSEARCH_API_KEY",
        metavar="KEY",
        help="The API key for Elasticsearch; better given in the environment.",
        rich_help_panel=_WHERE,
    ),
]
UserOption = Annotated[
    str,
    typer.Option(
        "--user",
        envvar="SIDECAR_ELASTICSEARCH_USER",
        metavar="NAME",
        help="The user, where there is no API key.",
        rich_help_panel=_WHERE,
    ),
]
PasswordOption = Annotated[
    str,
    typer.Option(
        "--password",
        envvar="SIDECAR_ELASTICSEARCH_PASSWORD",
        metavar="PASSWORD",
        help="The password of that user; better given in the environment.",
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
LookbackOption = Annotated[
    str,
    typer.Option(
        "--lookback",
        metavar="DURATION",
        help="How far back services and operations are listed from Elasticsearch.",
        rich_help_panel=_WHERE,
    ),
]
LOOKBACK: Final = "7d"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where traces are read from."""

    elasticsearch: tuple[str, ...] = ()
    api_key: str = ""
    user: str = ""
    password: str = ""
    ca: str = ""
    lookback: str = LOOKBACK
    files: str = ""

    @property
    def is_named(self) -> bool:
        """Whether one is named; else running sidecars are asked."""
        return bool(self.elasticsearch or self.files)


class BadPlace(Exception):  # noqa: N818 - reads as what it says
    """The options name no place that can be read; says what would."""


def opened(place: Place, reach: Reach) -> Store:
    """The place; of running sidecars those that are meant.

    Raises ``BadPlace``, and ``Unreachable`` when no sidecar runs.
    """
    if place.elasticsearch and place.files:
        raise BadPlace("traces are read from --elasticsearch or from --files, not from both")
    if place.files:
        folder = Path(place.files)
        if not folder.is_dir():
            raise BadPlace(f"{folder} is no folder")
        return FileStore(folder)
    if place.elasticsearch:
        return _elastic(place)
    return RememberedStore(find_all(reach))


def _elastic(place: Place) -> Store:
    # Importing the client takes a third of a second: only who needs it waits.
    from sidecar.elastic.connect import connect  # noqa: PLC0415
    from sidecar.traces.elastic import ANSWER_SECONDS, ElasticStore  # noqa: PLC0415

    urls = [_checked_url(one) for one in place.elasticsearch]
    if place.user and place.api_key:
        raise BadPlace("give an API key, or a user with a password, not both")
    try:
        lookback = duration_of(place.lookback, "--lookback") / 1e9
        client = connect(
            urls,
            api_key=place.api_key,
            user=(place.user, place.password) if place.user else None,
            ca=place.ca,
            request_seconds=ANSWER_SECONDS,
            connections=AT_A_TIME,
        )
    except Misasked as error:
        raise BadPlace(str(error)) from error
    except OSError as error:
        raise BadPlace(f"--ca {place.ca} cannot be used: {error.strerror or error}") from error
    return ElasticStore(client, ", ".join(urls), lookback)


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_good = urlsplit(""), False
    if not is_good:
        raise BadPlace(f"'{url}' is no URL: write one such as http://127.0.0.1:9200")
    if "@" in parts.netloc:
        # It would stand in the list of processes, and in every sentence about this place.
        raise BadPlace("write the user and the password apart from the URL: --user and --password")
    return url


@contextmanager
def reading() -> Iterator[None]:
    """What goes wrong ends the command with a sentence and its exit status."""
    with sentences():
        try:
            yield
        except BadPlace as error:
            ended(str(error), BAD_USAGE)
        except Unanswered as error:
            ended(str(error), FAILED)


def ended(sentence: str, status: int) -> NoReturn:
    """End the command with a sentence."""
    typer.echo(f"sidecar: {sentence}", err=True)
    raise typer.Exit(status)
