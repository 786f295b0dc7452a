"""Rules for routes that nobody asks for, to see whether cost grows with the size of a file."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path

OTHER_ROUTE_COUNT = 250
#: Entries of each of the two list files: values of a key, and addresses.
LISTED_COUNT = 100_000


def other_rules(routes: int) -> Mapping[str, str]:
    """Template values for ``routes`` other routes, each with one access rule and one limit."""
    numbers = range(routes)
    return {
        "OTHER_ROUTES": "\n".join(
            f"  - {{name: other-{n}, match: {{path: /other-{n}/**}}}}" for n in numbers
        ),
        "OTHER_ACCESS": "\n".join(
            f"  - {{name: other-{n}, match: {{path: /other-{n}/**}}, "
            f"deny: {{client_ip: [10.{n}.0.0/16]}}}}"
            for n in numbers
        ),
        "OTHER_LIMITS": "\n".join(
            f"  - {{name: other-{n}, match: {{route: other-{n}}}, limit: 100/s, per: client_ip}}"
            for n in numbers
        ),
    }


OTHER_RULES = other_rules(OTHER_ROUTE_COUNT)

#: Two long lists that every request is held against, and nobody is on.
LISTED_RULES: Mapping[str, str] = {
    "OTHER_ROUTES": "",
    "OTHER_ACCESS": "  - name: scalpers\n"
    "    deny: {tenant: {file: tenants.txt}, client_ip: {file: addresses.txt}}",
    "OTHER_LIMITS": "",
}


def write_lists(folder: Path, count: int = LISTED_COUNT) -> None:
    """The files that ``LISTED_RULES`` name."""
    tenants = "".join(f"scalper-{number:06}\n" for number in range(count))
    (folder / "tenants.txt").write_text(tenants, encoding="utf-8")
    # Every other one, so that no two make a network.
    first = int(IPv4Address("11.0.0.0"))
    addresses = "".join(f"{IPv4Address(first + 2 * number)}\n" for number in range(count))
    (folder / "addresses.txt").write_text(addresses, encoding="utf-8")
