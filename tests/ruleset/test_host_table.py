from __future__ import annotations

import pytest

from sidecar.model.hosts import host_key
from sidecar.ruleset.host_table import HostTable, authority_of, hosts_of
from tests.ruleset.compiled import checked, rule_file

UPSTREAMS = """
  app: {url: http://127.0.0.1:9000}
  inventory:
    targets: [10.0.0.5:8080, "[2001:db8::5]:8080"]
    hosts: [inventory.shop.svc, Stock.shop.svc, one:8081, "[2001:db8::6]"]
  coupon: {url: https://coupon.shop.svc, hosts: [one]}
  twin-a: {url: http://10.0.0.9:80}
  twin-b: {url: http://10.0.0.9:80}
"""


def table() -> HostTable[str]:
    file = checked(rule_file(upstreams=UPSTREAMS, rest=OUTBOUND)).file
    assert file is not None
    return HostTable(hosts_of(file).items())


OUTBOUND = """\
routes:
  - {name: i, match: {path: /i}, upstream: inventory}
  - {name: c, match: {path: /c}, upstream: coupon}
  - {name: a, match: {path: /a}, upstream: twin-a}
  - {name: b, match: {path: /b}, upstream: twin-b}
"""


@pytest.mark.parametrize(
    "host, upstream",
    [
        (b"inventory", "inventory"),
        (b"INVENTORY:9999", "inventory"),
        (b"inventory.shop.svc.", "inventory"),
        (b"inventory.shop.svc.:80", "inventory"),
        (b"stock.SHOP.svc", "inventory"),
        (b"10.0.0.5:8080", "inventory"),
        (b"10.0.0.5", None),
        (b"10.0.0.5:80", None),
        (b"[2001:DB8:0::5]:8080", "inventory"),
        (b"[2001:db8::5]", None),
        (b"[2001:db8:0:0::6]:1", "inventory"),
        (b"one", "coupon"),
        (b"one:8081", "inventory"),
        (b"one:8082", "coupon"),
        (b"coupon.shop.svc:443", "coupon"),
        (b"coupon.shop.svc", None),
        (b"coupon", "coupon"),
        (b"10.0.0.9", None),
        (b"twin-a", "twin-a"),
        (b"inventory.shop", None),
        (b"shop.svc", None),
        (b"xinventory", None),
        (b"", None),
    ],
)
def test_which_upstream_a_host_stands_for(host: bytes, upstream: str | None) -> None:
    hosts = table()
    assert hosts.find(host) == upstream
    # The second time it is remembered.
    assert hosts.find(host) == upstream


def test_only_so_many_spellings_are_remembered() -> None:
    hosts = HostTable([(host_key(b"a"), 1)])
    for port in range(3000):
        assert hosts.find(b"a:%d" % port) == 1


@pytest.mark.parametrize(
    "spec, authority",
    [
        ("{url: 'http://coupon.shop.svc:8080', hosts: c}", b"coupon.shop.svc:8080"),
        ("{url: 'http://coupon.shop.svc'}", b"coupon.shop.svc"),
        ("{url: 'https://coupon.shop.svc'}", b"coupon.shop.svc"),
        ("{url: 'https://coupon.shop.svc:8443'}", b"coupon.shop.svc:8443"),
        ("{targets: ['10.0.0.5:80', '10.0.0.6:80'], hosts: [c, d]}", b"c"),
        ("{targets: ['10.0.0.5:80', '10.0.0.6:80']}", b"app"),
        ("{url: 'unix:/run/app.sock'}", b"app"),
    ],
)
def test_what_an_upstream_is_called_by_those_who_have_no_name_for_it(
    spec: str, authority: bytes
) -> None:
    file = checked(rule_file(upstreams=f"{{app: {spec}}}")).file
    assert file is not None
    assert authority_of("app", file.upstreams["app"]) == authority
