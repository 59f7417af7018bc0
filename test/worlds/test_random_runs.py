"""A slice of the random runs of bench/safety.py: no link lost, no contact, whatever the radio does; baselines fail."""

from __future__ import annotations

import pytest
from safety import JUDGED, failures, random_run


@pytest.mark.parametrize("seed", range(20))
def test_no_random_run_breaks_a_promise(seed: int) -> None:
    verdict = random_run(seed)
    assert [e.name for e in verdict.expectations] == list(JUDGED)
    assert verdict.held, [e for e in verdict.expectations if not e.held]


def test_the_classic_rows_collide_in_the_same_runs() -> None:
    assert failures([random_run(seed, "plain") for seed in (10, 14)], "contacts")


def test_without_the_filter_bodies_touch_and_links_break() -> None:
    verdicts = [random_run(seed, "deaf") for seed in (0, 9)]
    assert failures(verdicts, "contacts")
    assert failures(verdicts, "links_kept")
