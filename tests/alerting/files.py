"""Rule files whose alerts are looked at."""

from __future__ import annotations

from sidecar.alerting.alert import Alert, Group, Recording
from sidecar.alerting.compile import groups
from sidecar.alerting.profile import PRODUCTION, Profile
from tests.ruleset.compiled import checked, rule_file

#: Something for every kind of alert to be about.
EVERYTHING = """\
owner: shop-team
criticality: high
keys: {client_ip: {from: client.address}}
switches: [quiet]
routes: [{name: pay, match: {path: /pay}}]
access: [{name: partners, deny: {client_ip: 192.0.2.1}, mode: shadow}]
rate_limits:
  - {name: everyone, limit: 10/s, why: more than it can}
  - {name: each, per: client_ip, limit: 1/s, labels: {team: abuse}}
overload: [{name: host, cpu: {shed_above: 80%}}]
concurrency: [{name: whole, at_most: 40}]
breakers:
  - {name: inventory, upstream: inventory, open_when: {error_ratio: 50%}, why: no stock no sale}
  - {name: careful, upstream: app, open_when: {consecutive_errors: 5}, mode: shadow}
retries: [{name: reads, match: {method: GET}, on: reset}]
fallbacks:
  - {name: busy, when: any, try: [{serve: static, body: {text: busy}}]}
  - {name: paid, match: {route: pay}, switch: quiet, try: [{serve: static, body: {text: ok}}]}
slo:
  - {name: up, good: {status_below: 500, not_shed: true}, target: 99.9%, over: 30d}
  - {name: quick, match: {route: pay}, good: {faster_than: 1s}, target: 99%, over: 7d}
telemetry:
  files: {folder: told}
"""
UPSTREAMS = (
    "{app: {url: http://127.0.0.1:9000}, "
    "inventory: {targets: [10.0.0.5:80, 10.0.0.6:80], local: 127.0.0.1:15011, "
    "eject: {after_consecutive_failures: 5}}, "
    "coupon: {dns: coupon.shop.svc, port: 80, local: 127.0.0.1:15012}}"
)


def compiled(
    alerts: str | None = None, profile: Profile = PRODUCTION, rest: str = EVERYTHING
) -> tuple[Group, ...]:
    """The groups of a file with these entries of ``alerts``, one a line; the usual ones if None."""
    if alerts is None:
        section = ""
    else:
        lines = [line.strip() for line in alerts.strip().splitlines()]
        section = (
            "alerts:\n" + "".join(f"  - {{{line}}}\n" for line in lines)
            if lines
            else "alerts: []\n"
        )
    return groups(checked(rule_file(rest + section, upstreams=UPSTREAMS)), profile)


def alerts_of(made: tuple[Group, ...]) -> list[Alert]:
    return [rule for group in made for rule in group.rules if isinstance(rule, Alert)]


def records_of(made: tuple[Group, ...]) -> list[Recording]:
    return [rule for group in made for rule in group.rules if isinstance(rule, Recording)]
