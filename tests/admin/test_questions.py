from __future__ import annotations

import sidecar
from tests.admin.running import Client, Running
from tests.telemetry.records import make_record


async def test_the_version_tells_what_runs_with_which_rules(
    admin: Client, running: Running
) -> None:
    running.meters.reloads.failed()
    answer = await (await admin.get("/version")).json()
    assert answer.pop("python").startswith("3.")
    assert answer == {
        "service": "shop",
        "version": sidecar.__version__,
        "rules": {
            "version": running.live.rules.version,
            "reloads": 1,
            "failed_reloads": 1,
            "last_reload_failed": True,
        },
    }


async def test_a_rule_by_its_name(admin: Client) -> None:
    rule = await (await admin.get("/v1/rules/rate_limits/each")).json()
    assert (rule["mode"], rule["labels"]) == ("enforce", {"team": "shop"})
    answer = await admin.get("/v1/rules/rate_limits/eech")
    assert answer.status == 404
    assert "did you mean rate_limits/each?" in (await answer.json())["detail"]


async def test_decisions_are_found_by_filter_and_by_id(admin: Client, running: Running) -> None:
    running.inside.decisions.feed(
        [
            make_record(status=503, span_id=b"00000000000000aa", started=1.0),
            make_record(span_id=b"00000000000000bb", started=2.0),
        ]
    )

    async def ids(query: str) -> list[str]:
        answer = await (await admin.get(f"/v1/decisions{query}")).json()
        return [one["id"][-2:] for one in answer["decisions"]]

    assert await ids("") == ["aa"]
    assert await ids("?all") == ["bb", "aa"]
    assert await ids("?all=1&limit=1") == ["bb"]
    assert await ids("?outcome=admitted") == ["bb"]
    assert await ids("?all=no") == ["aa"]
    explained = await (await admin.get("/v1/decisions/00000000000000AA")).json()
    assert explained["decision"]["status"] == 503
    running.inside.decisions.feed([make_record(span_id=b"abcdef0000000000")])
    begun = await (await admin.get("/v1/decisions/abcdef")).json()
    assert begun["decision"]["id"] == "abcdef0000000000"
    for wanted, status in (("f" * 16, 404), ("abcde", 422)):
        assert (await admin.get(f"/v1/decisions/{wanted}")).status == status


async def test_the_rule_file_is_shown_without_its_secrets(admin: Client) -> None:
    shown = await (await admin.get("/v1/rule-file")).json()
    assert shown["text"].startswith("format: sidecar/v1\n")
    assert (shown["trouble"], shown["reloads"]) == ("", 1)
