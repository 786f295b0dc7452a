"""How the report looks, by day and by night."""

from __future__ import annotations

from typing import Final

_DAY: Final = """
  --ground: #fbfaf8; --card: #ffffff; --ink: #1d2230; --soft: #5d6475; --rule: #e3e1dc;
  --band: #f3f1ec; --served: #2f6fb4; --degraded: #9b6ad1; --refused: #e5a63c; --failed: #cf3f3f;
  --p50: #7fa8d6; --p99: #1f4f86; --good: #1f7a4d; --good-ground: #e2f3e9; --bad: #b3261e;
  --bad-ground: #fbe4e2; --mark: #8a8f9d; --code: #f4f2ee;
  --curve0: #2f6fb4; --curve1: #c77f12; --curve2: #8757c2; --curve3: #1f7a4d;
"""
_NIGHT: Final = """
  --ground: #12151c; --card: #1a1e28; --ink: #e8eaf0; --soft: #9aa2b4; --rule: #2c3240;
  --band: #212634; --served: #5b9be0; --degraded: #b893ea; --refused: #e0a844; --failed: #ef6a64;
  --p50: #5680b5; --p99: #8fc0f5; --good: #63cf97; --good-ground: #17352a; --bad: #ff8a80;
  --bad-ground: #3c1e1f; --mark: #808899; --code: #141822;
  --curve0: #5b9be0; --curve1: #e0a844; --curve2: #b893ea; --curve3: #63cf97;
"""
_RULES: Final = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 36px 20px 72px; }
header { display: flex; align-items: baseline; gap: 14px; flex-wrap: wrap; }
h1 { font-size: 27px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 40px 0 4px; }
p { margin: 4px 0 12px; color: var(--soft); max-width: 76ch; }
.badge { font-weight: 650; font-size: 13px; padding: 2px 11px; border-radius: 999px; }
.kept { color: var(--good); background: var(--good-ground); }
.broken { color: var(--bad); background: var(--bad-ground); }
.seen { color: var(--soft); background: var(--band); }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 14px 16px; margin-top: 12px; overflow-x: auto; }
.card svg { display: block; width: 100%; min-width: 720px; height: auto; }
svg text { fill: var(--soft); font-size: 11.5px; }
svg .act { fill: var(--ink); font-size: 12px; font-weight: 600; text-anchor: middle; }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .axis { stroke: var(--mark); stroke-width: 1; }
svg .band { fill: var(--band); }
svg .mark { stroke: var(--mark); stroke-width: 1; stroke-dasharray: 2 3; }
svg .mark-dot { fill: var(--ink); }
svg .mark-number { fill: var(--card); font-size: 9.5px; font-weight: 700; text-anchor: middle; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .name { font-size: 12px; font-weight: 600; }
.fill.served, .key.served { fill: var(--served); background: var(--served); }
.fill.degraded, .key.degraded { fill: var(--degraded); background: var(--degraded); }
.fill.refused, .key.refused { fill: var(--refused); background: var(--refused); }
.fill.failed, .key.failed { fill: var(--failed); background: var(--failed); }
.line.p50 { stroke: var(--p50); } .line.p99 { stroke: var(--p99); }
.dot.p50, .key.p50 { fill: var(--p50); background: var(--p50); }
.dot.p99, .key.p99 { fill: var(--p99); background: var(--p99); }
.line.curve0 { stroke: var(--curve0); } svg .name.curve0 { fill: var(--curve0); }
.line.curve1 { stroke: var(--curve1); } svg .name.curve1 { fill: var(--curve1); }
.line.curve2 { stroke: var(--curve2); } svg .name.curve2 { fill: var(--curve2); }
.line.curve3 { stroke: var(--curve3); } svg .name.curve3 { fill: var(--curve3); }
.keys { display: flex; gap: 18px; flex-wrap: wrap; font-size: 13px; color: var(--soft);
  margin-bottom: 8px; }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 12.5px; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.soft { overflow-wrap: anywhere; }
.gist, td.soft { color: var(--soft); }
td.promise { width: 46%; }
td.name { font-weight: 600; white-space: nowrap; }
ol.moments { margin: 10px 0 0; padding-left: 26px; font-size: 13.5px; color: var(--soft);
  columns: 2; column-gap: 36px; }
ol.moments li { break-inside: avoid; overflow-wrap: anywhere; margin-bottom: 3px; }
pre { background: var(--code); border: 1px solid var(--rule); border-radius: 8px;
  padding: 12px 14px; overflow-x: auto; font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono",
  Menlo, Consolas, monospace; margin: 10px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin-top: 10px; } summary { cursor: pointer; font-weight: 600; }
@media (max-width: 720px) { ol.moments { columns: 1; } }
"""

STYLE: Final = (
    f":root {{ color-scheme: light dark; {_DAY} }}\n"
    f"@media (prefers-color-scheme: dark) {{ :root {{ {_NIGHT} }} }}\n{_RULES}"
)
