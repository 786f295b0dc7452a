from __future__ import annotations

from sidecar.provision.grafana.plan import Plan
from sidecar.provision.grafana.sources import Places


def test_without_a_word_nothing_is_deleted_and_no_data_source_touched() -> None:
    assert Plan() == Plan(Places(), None, None, prune=False, renew_secrets=False, remove=False)
