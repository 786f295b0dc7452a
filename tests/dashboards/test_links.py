from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from dashboards import links
from dashboards.every import BOARDS as MADE
from tests.dashboards.generated import BOARDS, board, variables

_URL = re.compile(r'"url": "(/d/[^"]+)"')
_EVERY = {links.FLEET, links.SERVICE, links.GOVERNANCE, links.TELEMETRY, links.TRACES}


def test_a_link_presets_what_it_says_and_keeps_the_rest() -> None:
    url = links.to("There", links.GOVERNANCE, {"rule": links.of_series("rule")}).build().url or ""
    assert url.startswith("/d/sidecar-governance?var-rule=${__field.labels.rule}&")
    assert url.endswith("&${__url_time_range}")
    assert "${service:queryparam}" in url
    assert "${rule:queryparam}" not in url


@pytest.mark.parametrize("name", BOARDS)
def test_every_link_leads_to_a_dashboard_and_presets_what_can_be_chosen_there(name: str) -> None:
    text = json.dumps(board(name), ensure_ascii=False).replace('\\"', "'")
    found = _URL.findall(text)
    assert found
    for url in found:
        uid = urlsplit(url).path.removeprefix("/d/")
        assert uid in _EVERY
        if uid not in {one.uid for one in MADE}:
            continue
        there = {one["name"] for one in variables(board(f"{uid.removeprefix('sidecar-')}.json"))}
        preset = {key.removeprefix("var-") for key, _ in parse_qsl(urlsplit(url).query) if key}
        assert preset <= there, f"{url} presets what {uid} does not have"


@pytest.mark.parametrize("name", BOARDS)
def test_links_keep_only_what_the_dashboard_itself_has(name: str) -> None:
    here = {one["name"] for one in variables(board(name))}
    for url in _URL.findall(json.dumps(board(name), ensure_ascii=False)):
        kept = set(re.findall(r"\$\{(\w+):queryparam\}", url))
        assert kept <= here, f"{url} keeps what {name} does not have"
