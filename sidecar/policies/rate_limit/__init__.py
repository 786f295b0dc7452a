"""Rate limits: so many requests in so long, for all together or for each value of a key.

A refused request takes nothing: hammering makes nobody wait longer, and who has a limit alone and
comes back when told is let in. `per: [user, client_ip]` is one limit for each pair.

- `token_bucket`: bursts up to `burst`, then as fast as the limit.
- `gcra`: the same formula, evenly spaced unless it has a `burst`.
- `fixed_window`, `sliding_window`, `moving_window`: counted in windows, more and more exactly.
- `warm_up`: a share of the limit for what is cold, which climbs while it is used.
- `pace`: evenly spaced; callers wait for their turn, at most so long.

Changing a limit while running refills nothing: what was spent stays spent. Changing `per` starts
anew, for the numbers known so far belong to other values.
"""

from sidecar.policies.rate_limit.allowance import BUCKETS, WINDOWS, Algorithm
from sidecar.policies.rate_limit.gate import RateLimit
from sidecar.policies.rate_limit.spec import RateLimitSpec

__all__ = ["BUCKETS", "WINDOWS", "Algorithm", "RateLimit", "RateLimitSpec"]
