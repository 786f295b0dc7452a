"""The report as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from demo_services.load.report import PhaseReport
from demo_services.shop.report.percentiles import curves, percentile_drawing
from demo_services.shop.report.style import STYLE
from demo_services.shop.report.timeline import LAYERS, latency_drawing, requests_drawing
from demo_services.shop.story.telling import Story, Told

_COUNTS: Final = ("asked", "served", "refused", "degraded", "failed")
_TIMES: Final = ("p50 ms", "p99 ms", "slowest ms")


def page(story: Story, configuration: Sequence[str], files: Mapping[str, str]) -> str:
    """The whole page: the run, what it ran with, and the rule files by name as they were."""
    title = "A sale at the shop" if story.governed else "A sale at the shop, without sidecars"
    body = "\n".join([
        _header(title, story),
        _acts(story),
        _over_time(story),
        _percentiles(story),
        _promises(story) if story.governed else "",
        _numbers(story),
        _quotes(story),
        _configuration(configuration, files),
    ])  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body><main>\n{body}\n</main></body>\n</html>\n"
    )


def _header(title: str, story: Story) -> str:
    if story.governed:
        checks = [check for act in story.acts for check in act.checks]
        kept = sum(check.kept for check in checks)
        said = f"{kept} of {len(checks)} promises kept."
    else:
        said = "Nobody stood in between, so nothing was promised and nothing is checked."
    seconds = max((act.ended for act in story.acts), default=0.0)
    asked = sum(part.offered for act in story.acts for part in _parts(act))
    return (
        f"<header><h1>{escape(title)}</h1>{_badge(story, story.kept)}</header>"
        f"<p>{said} {asked} requests in {seconds:.0f} seconds, each sent at the moment it was due "
        "and timed from that moment, so a service that stalls cannot hide it. "
        f"Seed {story.seed}.</p>"
    )


def _acts(story: Story) -> str:
    rows = [
        [
            f'<td class="name">{escape(act.name)}</td>',
            f'<td>{escape(act.title)}<br><span class="gist">{escape(act.gist)}</span></td>',
            f'<td class="number">{_badge(story, act.kept)}</td>',
        ]
        for act in story.acts
    ]
    return f'<h2>The acts</h2><div class="card">{_table(("act", "what happened", ""), rows)}</div>'


def _over_time(story: Story) -> str:
    if not story.instants:
        return ""
    layers = [(layer.name, layer.words) for layer in LAYERS]
    moments = "".join(
        f"<li>{moment.at:.1f} s: {escape(moment.words)}</li>" for moment in story.moments
    )
    listed = f'<ol class="moments">{moments}</ol>' if moments else ""
    return (
        "<h2>Requests a second</h2>"
        f'<div class="card">{_keys(layers)}{requests_drawing(story)}{listed}</div>'
        "<h2>How long the served waited</h2>"
        "<p>Median and 99th percentile of each second, logarithmic.</p>"
        f'<div class="card">{_keys([("p50", "median"), ("p99", "99th percentile")])}'
        f"{latency_drawing(story)}</div>"
    )


def _percentiles(story: Story) -> str:
    shown = curves(story)
    if not shown:
        return ""
    return (
        "<h2>How slow the slowest were</h2>"
        "<p>Latency of the customers by percentile; beside each line its 99th.</p>"
        f'<div class="card">{percentile_drawing(shown)}</div>'
    )


def _promises(story: Story) -> str:
    rows = [
        [
            f'<td class="name">{escape(act.name)}</td>',
            f'<td class="promise">{escape(check.promise)}</td>',
            f'<td class="soft">{escape(check.measured)}</td>',
            f'<td class="number">{_badge(story, check.kept)}</td>',
        ]
        for act in story.acts
        for check in act.checks
    ]
    table = _table(("act", "promise", "measured", ""), rows)
    return f'<h2>What was promised</h2><div class="card">{table}</div>'


def _numbers(story: Story) -> str:
    rows = [
        [
            f'<td class="name">{escape(act.name)}</td>',
            f"<td>{escape(part.phase)}</td>",
            f"<td>{escape(part.client)}</td>",
            *(f'<td class="number">{value}</td>' for value in _figures(part)),
        ]
        for act in story.acts
        for part in _parts(act)
        if part.offered
    ]
    table = _table(("act", "phase", "who", *_COUNTS, *_TIMES), rows)
    return f'<h2>In numbers</h2><div class="card">{table}</div>'


def _quotes(story: Story) -> str:
    quotes = [(act.name, quote) for act in story.acts for quote in act.quotes if quote]
    if not quotes:
        return ""
    shown = "".join(f"<p>{escape(name)}</p><pre>{escape(quote)}</pre>" for name, quote in quotes)
    return f"<h2>Word for word</h2>{shown}"


def _configuration(configuration: Sequence[str], files: Mapping[str, str]) -> str:
    shown = "".join(
        f"<details><summary>{escape(name)}</summary><pre>{escape(text)}</pre></details>"
        for name, text in files.items()
    )
    lines = escape("\n".join(configuration))
    return f"<h2>What it ran with</h2><pre>{lines}</pre>{shown}"


def _badge(story: Story, kept: bool) -> str:  # noqa: FBT001 - it is what the badge says
    if not story.governed:
        return '<span class="badge seen">seen</span>'
    return f'<span class="badge {"kept" if kept else "broken"}">{"PASS" if kept else "FAIL"}</span>'


def _keys(names: Iterable[tuple[str, str]]) -> str:
    keys = "".join(
        f'<span><span class="key {name}"></span>{escape(words)}</span>' for name, words in names
    )
    return f'<div class="keys">{keys}</div>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    numeric = {*_COUNTS, *_TIMES}
    head = "".join(
        f'<th class="{"number" if name in numeric else "words"}">{escape(name)}</th>'
        for name in heads
    )
    lines = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _parts(act: Told) -> tuple[PhaseReport, ...]:
    return act.report.phases if act.report is not None else ()


def _figures(part: PhaseReport) -> tuple[str, ...]:
    latency = part.admitted
    counts = (part.offered, latency.count, part.refused.count, part.marked, part.failed)
    times = (latency.p50_ms, latency.p99_ms, latency.max_ms)
    return (*map(str, counts), *(f"{ms:.0f}" if latency.count else "-" for ms in times))
