"""Rules for routes that nobody asks for, to see whether cost grows with the size of a file."""

from __future__ import annotations

from collections.abc import Mapping

OTHER_ROUTE_COUNT = 250


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
