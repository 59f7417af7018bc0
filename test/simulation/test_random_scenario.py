"""Random scenarios reach the corners that docs/guarantees.md says they reach."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.random_scenario import Hardship, random_scenario

DRAWN = [random_scenario(np.random.default_rng(seed)) for seed in range(300)]


def test_every_number_of_robots_from_3_to_20_is_drawn() -> None:
    assert {len(scenario.robots) for scenario in DRAWN} == set(range(3, 21))


def test_swarms_are_of_one_kind_or_mixed() -> None:
    kinds = {frozenset(robot.vehicle for robot in scenario.robots) for scenario in DRAWN}
    assert kinds == {frozenset({"rover"}), frozenset({"multirotor"}), frozenset({"rover", "multirotor"})}


def test_radios_get_nearly_as_bad_as_they_may_and_never_worse() -> None:
    hard = Hardship()
    for drawn, most in (([s.radio.loss for s in DRAWN], hard.loss), ([s.radio.delay_s for s in DRAWN], hard.delay)):
        assert 0.9 * most < max(drawn) <= most
    assert (hard.loss, hard.delay) == (0.5, 0.3)
    assert {len(s.radio.partitions) for s in DRAWN} == set(range(hard.outages + 1))


@pytest.mark.parametrize("walls", ["pass", "block"])
def test_what_is_drawn_is_valid(walls: Literal["pass", "block"]) -> None:
    hard = Hardship(walls=walls, obstacles=12)
    drawn = [random_scenario(np.random.default_rng(seed), hard) for seed in range(40)]
    assert [problem for scenario in [*drawn, *DRAWN[:50]] for problem in check(scenario)] == []
