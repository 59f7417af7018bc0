"""A slice of the random worlds of bench/features.py."""

from __future__ import annotations

import pytest
from features import KINDS, drawn, failed

from swarm_consensus.errors import SwarmError


@pytest.mark.parametrize("kind", KINDS)
def test_no_random_world_breaks_a_promise(kind: str) -> None:
    assert failed(kind, 0) == ()


def test_a_seed_and_its_kind_draw_the_world_again() -> None:
    assert drawn("power", 3) == drawn("power", 3) != drawn("power", 4)


def test_what_a_scenario_must_not_ask_is_refused_and_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "power", lambda rng: {"file_version": 1})
    assert failed("power", 0) is None
    with pytest.raises(SwarmError):
        drawn("power", 0)
