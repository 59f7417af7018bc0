"""A robot dies on a dock's only place and stays there: the others charge at the other dock, and none runs dry."""

from __future__ import annotations

import pytest

from swarm_consensus.robot.occupancy import Occupancy
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.simulation.loading import parse

WORLD = """
file_version: 1
name: corpse
description: Six rovers share two docks of one place each by permits; one dies while it charges, for good.
bounds_m: [[-7, -5], [7, 5]]
radio: {range_m: 14.0, loss: 0.1, delay_s: 0.05}
robots:
  - {name: mortal, vehicle: rover, position_m: [-3, -2]}
  - {group: rover, vehicle: rover, count: 5, spawn: {polygon_m: [[-5, 1.5], [5, 1.5], [5, 4], [-5, 4]], spacing_m: 1.0}}
mission: {behaviour: patrol, points_m: [[5, -3.5], [5, 0], [5, 3.5], [0, 3.5], [-5, 3.5], [-5, 0], [-5, -3.5]]}
agreement: {voters: [rover_1, rover_2, rover_3], permits: {lease_s: 12, renew_s: 1, delay_s: 1.5}}
battery: {capacity_j: 400, idle_w: 1, motion_j_m: 5, charge_w: 50,
          start: {mortal: 0.35, rover_1: 0.42, rover_2: 0.44, rover_3: 0.46, rover_4: 0.48, rover_5: 0.5}}
docks:
  - {name: west, position_m: [-2.4, 0], reach_m: 1.4, places: 1, power_w: 50}
  - {name: east, position_m: [2.4, 0], reach_m: 1.4, places: 1, power_w: 50}
faults: [{robot: mortal, crash_s: 12}]
expect: {links_kept: true, contacts: 0, inside_fence: true, one_log: true, run_dry: 0, over_places: 0, stale_charges: 0,
         permit_back_s: 20}
control: {rate_hz: 10, lost_after_s: 4, max_age_s: 0.5}
duration_s: 200
"""


def ran(seed: int) -> Verdict:
    return judged_run(parse(WORLD, "corpse.yaml"), seed)


@pytest.mark.parametrize("seed", range(2))
def test_nobody_waits_for_a_dock_on_which_a_dead_robot_lies(seed: int) -> None:
    verdict = ran(seed)
    assert verdict.held, [each for each in verdict.expectations if not each.held]


def test_where_the_dead_are_not_minded_one_waits_until_it_runs_dry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Occupancy, "blocked", lambda self, dock, neighbours, view: 0)
    assert "run_dry" in [each.name for each in ran(0).expectations if not each.held]
