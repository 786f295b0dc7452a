"""What an Elasticsearch needs on disk: a Java, its distribution unpacked, and its configuration."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pwd
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.programs import unavailable

_MAVEN_FOLDER = ".m2/repository/org/elasticsearch/distribution/integ-test-zip/elasticsearch"
_JAVAS = Path("/usr/lib/jvm")
#: It refuses to run as root. This user is on every system and owns nothing.
_UNPRIVILEGED = "nobody"

_HASH_ROUNDS = 1_000
_HASH_BYTES = 32

# The distribution asks for a collector and a compiler that pay after minutes. These start in
# 6 s instead of 8 s and leave the second core to the test.
_JVM_OPTIONS = """
-Xms512m
-Xmx512m
-XX:+UseSerialGC
-XX:TieredStopAtLevel=1
-XX:+ExitOnOutOfMemoryError
-Djava.io.tmpdir=${ES_TMPDIR}
"""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody whom the server lets in with a password."""

    name: str
    password: str
    roles: Sequence[str] = ("superuser",)


@dataclass(frozen=True, slots=True)
class Security:
    """Who may come in, over TLS with a certificate and its key in PEM files.

    ``roles`` are those that the users need besides the built-in ones: name to definition, as
    ``roles.yml`` has them.
    """

    users: Sequence[User]
    cert: Path
    key: Path
    roles: Mapping[str, Any]


def distribution(version: str) -> Path:
    """The archive of that version; without it the calling test is skipped, in CI it fails."""
    archive = Path.home() / _MAVEN_FOLDER / version / f"elasticsearch-{version}.zip"
    if not archive.is_file():
        unavailable(f"Elasticsearch {version} is not there; with Maven, 'make servers' fetches it")
    return archive


def java_home(oldest: int) -> Path:
    """The Java that is the nearest to ``oldest`` from above; or the test is skipped, as ever."""
    fitting = sorted((found, home) for home in _java_homes() if (found := _version(home)) >= oldest)
    if not fitting:
        unavailable(f"no Java {oldest} or later, neither on PATH nor in {_JAVAS}")
    return fitting[0][1]


def _java_homes() -> Iterator[Path]:
    yield from (program.parents[1] for program in _JAVAS.glob("*/bin/java"))
    on_path = shutil.which("java")
    if on_path is not None:
        yield Path(on_path).resolve().parents[1]


def _version(home: Path) -> int:
    release = home / "release"
    text = release.read_text(encoding="utf-8") if release.is_file() else ""
    found = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    return int(found[1]) if found else 0


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the distribution below ``folder`` and return where it lies."""
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            packed.extract(entry, folder)
            # The bits that make programs executable; zipfile leaves them off.
            mode = entry.external_attr >> 16
            if mode:
                (folder / entry.filename).chmod(mode & 0o777)
    return folder / archive.stem


def configure(home: Path, port: int, security: Security | None) -> None:
    """Write what the server reads at its start; data and logs go beside ``home``."""
    settings = {
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": 0,
        "discovery.type": "single-node",
        "path.data": str(home.parent / "data"),
        "path.logs": str(home.parent / "logs"),
        "cluster.routing.allocation.disk.threshold_enabled": False,
        "xpack.security.enabled": security is not None,
        "xpack.security.autoconfiguration.enabled": False,
    }
    if security is not None:
        settings |= _secure(home / "config", security)
    # JSON is YAML.
    (home / "config" / "elasticsearch.yml").write_text(json.dumps(settings, indent=1))
    (home / "config" / "jvm.options").write_text(_JVM_OPTIONS)


def _secure(config: Path, security: Security) -> dict[str, Any]:
    # It may read nothing outside its own folder.
    shutil.copyfile(security.cert, config / "http.pem")
    shutil.copyfile(security.key, config / "http.key")
    users = [f"{user.name}:{_hashed(user.password)}\n" for user in security.users]
    (config / "users").write_text("".join(users))
    named = {role for user in security.users for role in user.roles}
    holders = {
        role: ",".join(user.name for user in security.users if role in user.roles) for role in named
    }
    (config / "users_roles").write_text("".join(f"{role}:{of}\n" for role, of in holders.items()))
    (config / "roles.yml").write_text(json.dumps(dict(security.roles)))
    return {
        "xpack.security.authc.password_hashing.algorithm": "pbkdf2_1000",
        "xpack.security.http.ssl.enabled": True,
        "xpack.security.http.ssl.certificate": "http.pem",
        "xpack.security.http.ssl.key": "http.key",
    }


def _hashed(password: str) -> str:
    """As ``elasticsearch-users`` writes it, which takes three seconds for each."""
    salt = os.urandom(_HASH_BYTES)
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _HASH_ROUNDS, _HASH_BYTES)
    encoded = (base64.b64encode(part).decode() for part in (salt, derived))
    return f"{{PBKDF2}}{_HASH_ROUNDS}${'$'.join(encoded)}"


def hand_over(folder: Path) -> None:
    """Give ``folder`` to the user that the server runs as, if that is another than we are."""
    if os.geteuid() != 0:
        return
    owner = pwd.getpwnam(_UNPRIVILEGED)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def unprivileged(command: Sequence[str | Path]) -> list[str | Path]:
    """``command`` as that user runs it."""
    if os.geteuid() != 0:
        return list(command)
    owner = pwd.getpwnam(_UNPRIVILEGED)
    who = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return ["setpriv", *who, "--", *command]
