"""Robots that come back after a crash while others lie dead on their way: nobody drives into them."""

from __future__ import annotations

from typing import Any

import pytest
from safety import deadly_run

from swarm_consensus.robot.neighbours import Neighbours
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.simulation.loading import parse

WORLD = """
file_version: 1
name: returner
description: One dies on the way of another, which was switched off and comes back.
bounds_m: [[-8, -5], [8, 5]]
radio: {range_m: 14.0, loss: 0.2, delay_s: 0.1}
robots:
  - {name: back, vehicle: rover, position_m: [-3, 0]}
  - {name: dead, vehicle: rover, position_m: [0, 0]}
  - {group: rover, vehicle: rover, count: 4, spawn: {polygon_m: [[-4, 2], [4, 2], [4, 4], [-4, 4]], spacing_m: 1.2}}
mission: {behaviour: go_to, goals_m: {back: [4, 0], dead: [0, 0], rover_1: [-3, 3],
                                     rover_2: [-1, 3], rover_3: [1, 3], rover_4: [3, 3]}}
faults: [{robot: dead, crash_s: 1}, {robot: back, crash_s: 0.5, restart_s: 9}]
expect: {links_kept: true, contacts: 0, inside_fence: true, arrived_within_m: 1.0, by_s: 38}
duration_s: 40
"""


def ran(seed: int) -> Verdict:
    return judged_run(parse(WORLD, "returner.yaml"), seed)


def contacts(verdict: Verdict) -> int:
    return next(int(each.value) for each in verdict.expectations if each.name == "contacts")


def test_it_goes_round_the_dead() -> None:
    verdict = ran(0)
    assert verdict.held, [each for each in verdict.expectations if not each.held]


def test_told_of_the_living_only_it_drives_into_them(monkeypatch: pytest.MonkeyPatch) -> None:
    note = Neighbours._note_known

    def living_only(self: Any) -> None:
        note(self)
        self._placed = self._known
        self.unknown = tuple(robot for robot in self.unknown if robot not in self.lost)

    monkeypatch.setattr(Neighbours, "_note_known", living_only)
    assert contacts(ran(0)) > 0


@pytest.mark.parametrize("seed", range(6))
def test_no_random_run_in_which_robots_die_breaks_a_promise(seed: int) -> None:
    verdict = deadly_run(seed)
    assert verdict.held, [each for each in verdict.expectations if not each.held]
