"""A small story that has happened, for what tells of it."""

from __future__ import annotations

from demo_services.check import Check
from demo_services.shop.story.telling import Instant, Moment, Story, Told
from tests.demo_services.shop.reports import part, report, second


def story(*, governed: bool = True, kept: bool = True) -> Story:
    checks = (
        Check("nobody is refused", kept=True, measured="0 of 80 refused"),
        Check("<b>all</b> is well", kept=kept, measured="3 & 4"),
    )
    normal = Told(
        name="normal",
        title="an ordinary day",
        began=0.2,
        ended=2.2,
        checks=checks[:1] if governed else (),
        report=report(part(admitted=80)),
        gist="40/s served",
    )
    sale = Told(
        name="sale",
        title="the sale opens",
        began=2.3,
        ended=4.3,
        checks=checks if governed else (),
        report=report(part(phase="sale", admitted=200, refused=500, failed=2, marked=7)),
        gist="100/s served",
        quotes=("HTTP/1.1 429 <Too Many Requests>",),
    )
    seconds = (second(1), second(2), second(1, admitted=100, refused=250, degraded=7, failed=1))
    return Story(
        governed=governed,
        seed=1,
        acts=[normal, sale],
        instants=[
            Instant(at=1.2, act="normal", second=seconds[0]),
            Instant(at=2.2, act="normal", second=seconds[1]),
            Instant(at=3.3, act="sale", second=seconds[2]),
            Instant(at=4.3, act="sale", second=second(2, admitted=0, refused=9)),
        ],
        moments=[Moment(at=3.0, words="knob <turned>"), Moment(at=3.1, words="and back")],
    )
