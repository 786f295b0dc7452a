"""A fault for every kind of alert, and what is like it and nobody is to hear of."""

from __future__ import annotations

from typing import Final

from tests.integration.alerting.faults_told import (
    ANSWERS,
    COUNT,
    INVENTORY,
    PAID,
    RARE,
    STATE,
    Case,
    Quiet,
    connects,
    counted,
    degraded,
    elsewhere,
    endpoints,
    failing,
    gauge,
    level,
    opened,
    refusing,
    retries,
    rule,
    throttled,
)
from tests.integration.alerting.scenarios import Told

CASES: Final = {
    "error_share": Case(
        "kind: error_share, above: 5%", "share", failing(),
        "50% of the requests to shop fail", "services/shop", "name: a,",
        (
            Quiet("just below", failing(bad=0.49)),
            Quiet("too few requests", failing(RARE)),
            Quiet("no errors", failing(error="")),
            elsewhere(failing()),
        ),
        over=300, hold=120, keep=60, above=0.05, share=0.5, severity="page",
    ),
    "breaker_open": Case(
        "kind: breaker_open, for: 30s", "gauge", opened(),
        "breaker inventory of shop is open at 1 of its instances",
        INVENTORY, "name: inventory,",
        (
            Quiet("in shadow mode", opened("shadow")),
            Quiet("another breaker", opened(name="breakers/coupon")),
            Quiet("not long enough", opened(), short=True),
            Quiet("held by hand", [
                *opened()[:3], Told(rule("sidecar_breaker_forced", INVENTORY), 0, 1)
            ]),
            elsewhere(opened()),
        ),
        hold=30, keep=60, labels=(("rule", INVENTORY),), why="no stock no sale", severity="page",
    ),
    "breaker_probing": Case(
        "kind: breaker_open, breaker: inventory", "gauge",
        [Told(rule(STATE, INVENTORY, ',state="half_open"'), 0, 1),
         Told(rule(STATE, INVENTORY, ',state="open"'), 0, 0)],
        "breaker inventory of shop is open at 1 of its instances",
        INVENTORY, "name: inventory,", (),
        hold=10, keep=60, labels=(("rule", INVENTORY),), why="no stock no sale", severity="page",
    ),
    "shed_share": refusing(
        "kind: shed_share, rule: overload/host", "overload/host", "name: host", "turns away",
        over=60.0, hold=60.0, severity="page",
    ),
    "refused_share": refusing(
        "kind: refused_share", "rate_limits/everyone", "name: everyone", "refuses",
        why="more than it can",
    ),
    "shadow_share": refusing(
        "kind: shadow_share, rule: access/partners, over: 10m", "access/partners",
        "name: partners", "would refuse", above=0.01, over=600.0, keep=600.0,
    ),
    "degraded_share": Case(
        "kind: degraded_share, fallback: paid", "share", degraded(0.5),
        "fallback paid of shop answers 50% of the requests", PAID, "name: paid",
        (
            Quiet("just below", degraded(0.049)),
            Quiet("too few requests", degraded(0.5, RARE)),
            Quiet("in shadow mode", degraded(0.5, mode="shadow")),
            elsewhere(degraded(0.5)),
        ),
        over=300, keep=60, above=0.05, share=0.5, labels=(("rule", PAID),),
    ),
    "fallback_failing": counted(
        "kind: fallback_failing, fallback: paid", rule(ANSWERS, PAID, ',step="none"'),
        "fallback paid of shop has had no answer {value} times",
        about=PAID, line="name: paid", over=600.0, hold=60.0, keep=300.0,
        labels=(("rule", PAID),),
    ),
    "fallback_trial_failing": counted(
        "kind: fallback_failing, fallback: paid",
        rule("sidecar_fallback_trials_total", PAID, ',result="failure"'),
        "fallback paid of shop has had no answer {value} times",
        about=PAID, line="name: paid", over=600.0, hold=60.0, keep=300.0,
        labels=(("rule", PAID),),
    ),
    "retries_skipped": Case(
        "kind: retries_skipped", "share", retries(0.5),
        "retries/reads of shop leaves out 50% of its retries", "retries/reads", "name: reads",
        (
            Quiet("just below", retries(0.19)),
            Quiet("too few retries", retries(0.5, RARE)),
            Quiet("no time for them", retries(0.5, reason="deadline_too_near")),
            elsewhere(retries(0.5)),
        ),
        over=300, keep=60, above=0.2, share=0.5, labels=(("rule", "retries/reads"),),
    ),
    "keys_forgotten": counted(
        "kind: keys_forgotten", rule("sidecar_rate_limit_evictions_total", "rate_limits/each"),
        "rate_limits/each of shop has forgotten {value} values that still mattered",
        about="rate_limits/each", line="name: each", over=600.0, keep=300.0,
        labels=(("rule", "rate_limits/each"), ("team", "abuse")),
    ),
    "rules_refused": level(
        "kind: rules_refused", gauge("sidecar_rules_last_reload_successful", 1, 0),
        gauge("sidecar_rules_last_reload_successful", 1, 1),
        "1 sidecars of shop obey older rules than their files", hold=60.0,
    ),
    "rule_files_refused": level(
        "kind: rules_refused", gauge("sidecar_rules_files_refused", 0, 2),
        gauge("sidecar_rules_files_refused", 0, 0),
        "1 sidecars of shop obey older rules than their files", hold=60.0,
    ),
    "control_active": level(
        "kind: control_active", gauge("sidecar_controls_active", 0, 2, 'control="override"'),
        gauge("sidecar_controls_active", 0, 0, 'control="override"'),
        "somebody holds 2 of shop by hand: override", hold=3600.0,
        labels=(("control", "override"),),
    ),
    "endpoints_down": Case(
        "kind: endpoints_down", "gauge", endpoints(1, 0),
        "50% of the endpoints of upstream inventory of shop get no requests",
        "upstreams/inventory", "upstreams:",
        (
            Quiet("all are up", endpoints(1, 1)),
            Quiet("not long enough", endpoints(0, 0), short=True),
            elsewhere(endpoints(0, 0)),
        ),
        hold=120, keep=60, labels=(("upstream", "inventory"),),
    ),
    "connects_failing": Case(
        "kind: connects_failing, upstream: app", "share", connects(0.5),
        "50% of the connections to upstream app of shop do not come about",
        "upstreams/app", "upstreams:",
        (
            Quiet("just below", connects(0.099)),
            Quiet("too few", connects(0.5, RARE)),
            elsewhere(connects(0.5)),
        ),
        over=300, keep=60, above=0.1, share=0.5, labels=(("upstream", "app"),),
    ),
    "pool_overflows": counted(
        "kind: pool_overflows, upstream: app",
        'sidecar_upstream_pool_overflows_total{upstream="app",server_address="127.0.0.1"}',
        "{value} requests found all connections to upstream app of shop taken",
        about="upstreams/app", line="upstreams:", hold=60.0, keep=60.0,
        labels=(("upstream", "app"),),
    ),
    "sidecar_absent": Case(
        "kind: sidecar_absent", "gauge", [Told("sidecar_build_info{}", 1, None)],
        "no sidecar of shop tells anything", "services/shop", "name: a,",
        (
            Quiet("one is left", [
                Told("sidecar_build_info{}", 1, None),
                Told("sidecar_build_info{}", 1, 1,
                     scraped='job="sidecars",instance="10.1.0.2:9464",service="shop"'),
            ]),
            Quiet("not long enough", [Told("sidecar_build_info{}", 1, None)], short=True),
        ),
        hold=120, severity="page",
    ),
    "internal_errors": counted(
        "kind: internal_errors",
        f'{COUNT}{{listener="inbound",http_route="pay",error_type="internal_error"}}',
        "a bug of the sidecar has failed {value} requests of shop",
        over=600.0, hold=60.0, keep=300.0,
    ),
    "saturation": level(
        "kind: saturation", gauge("sidecar_saturation_ratio", 0.4, 0.95),
        gauge("sidecar_saturation_ratio", 0.4, 0.9),
        "a sidecar of shop has used 95% of what bounds it", hold=600.0, keep=120.0,
    ),
    "cpu_throttled": Case(
        "kind: cpu_throttled", "share", throttled(0.5),
        "a container of shop has used up its CPU in 50% of the periods", "services/shop",
        "name: a,", (Quiet("just below", throttled(0.24)), elsewhere(throttled(0.5))),
        over=300, hold=600, keep=120, above=0.25, share=0.5,
    ),
    "memory_near_limit": level(
        "kind: memory_near_limit",
        [Told("sidecar_container_memory_working_set_bytes{}", 1e8, 9.5e8),
         Told("sidecar_container_memory_limit_bytes{}", 1e9, 1e9)],
        [Told("sidecar_container_memory_working_set_bytes{}", 1e8, 9e8),
         Told("sidecar_container_memory_limit_bytes{}", 1e9, 1e9)],
        "a container of shop has used 95% of its memory", keep=120.0,
    ),
    "out_of_memory": counted(
        "kind: out_of_memory", 'sidecar_container_memory_events_total{event="oom_kill"}',
        "memory of a container of shop was used up: {value} processes killed",
        over=900.0, hold=15.0,
    ),
    "descriptors_near_limit": level(
        "kind: descriptors_near_limit",
        [Told("process_open_fds{}", 100, 900), Told("process_max_fds{}", 1000, 1000)],
        [Told("process_open_fds{}", 100, 800), Told("process_max_fds{}", 1000, 1000)],
        "a sidecar of shop has used 90% of its open files", keep=120.0,
    ),
    "telemetry_dropped": counted(
        "kind: telemetry_dropped",
        'sidecar_telemetry_dropped_total{exporter="otlp",signal="traces",reason="queue_full"}',
        "shop has lost {value} pieces of telemetry: queue_full", keep=300.0,
        labels=(("exporter", "otlp"), ("reason", "queue_full")), line="telemetry:",
    ),
    "telemetry_behind": level(
        "kind: telemetry_behind",
        gauge("sidecar_telemetry_queue_age_seconds", 0, 60, 'exporter="files"'),
        gauge("sidecar_telemetry_queue_age_seconds", 0, 4, 'exporter="files"'),
        "telemetry of shop waits for files", keep=60.0, line="telemetry:",
        labels=(("exporter", "files"),),
    ),
    "telemetry_spooled": level(
        "kind: telemetry_behind",
        gauge("sidecar_telemetry_spool_documents", 0, 7, 'exporter="elasticsearch"'),
        gauge("sidecar_telemetry_spool_documents", 0, 0, 'exporter="elasticsearch"'),
        "telemetry of shop waits for elasticsearch", keep=60.0, line="telemetry:",
        labels=(("exporter", "elasticsearch"),),
    ),
    "exporter_down": level(
        "kind: exporter_down",
        gauge("sidecar_telemetry_exporter_up", 1, 0, 'exporter="files"'),
        gauge("sidecar_telemetry_exporter_up", 1, 1, 'exporter="files"'),
        "files takes nothing from 1 instances of shop", keep=60.0, line="telemetry:",
        labels=(("exporter", "files"),),
    ),
}  # fmt: skip
