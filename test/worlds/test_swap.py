"""Head-on swaps: everybody's goal is where somebody else stands, through one middle, and nobody negotiates."""

from __future__ import annotations

import math

import pytest

from swarm_consensus.run.sweep import judged_run
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.scenario import Expect, Mission, Radio, Robot, Scenario


def swap(count: int, radius: float, vehicle: str, duration: float) -> Scenario:
    """Robots on a circle, each bound for the far side."""
    high = [1.2] if vehicle == "multirotor" else []
    angles = [2 * math.pi * k / count for k in range(count)]
    places = [[radius * math.cos(a), radius * math.sin(a)] for a in angles]
    scenario = Scenario(
        file_version=1,
        name="swap",
        bounds_m=[[-2 * radius, -2 * radius], [2 * radius, 2 * radius]],
        radio=Radio(range_m=3 * radius, loss=0.1, delay_s=0.05),
        robots=[Robot(vehicle=vehicle, name=f"r{k}", position_m=[*place, *high]) for k, place in enumerate(places)],  # type: ignore[arg-type]
        mission=Mission(behaviour="go_to", goals_m={f"r{k}": [-x, -y] for k, (x, y) in enumerate(places)}),
        expect=Expect(connected=True, links_kept=True, contacts=0, inside_fence=True, arrived_within_m=0.3),
        duration_s=duration,
    )
    assert check(scenario) == []
    return scenario


# 50 on a circle of 8 m stand 1 m apart
@pytest.mark.parametrize(
    ("count", "radius", "vehicle", "duration"),
    [
        (2, 2.0, "rover", 15.0),
        (2, 2.0, "multirotor", 15.0),
        (3, 2.0, "rover", 20.0),
        (3, 2.0, "multirotor", 20.0),
        (10, 2.5, "rover", 45.0),
        (10, 2.5, "multirotor", 30.0),
        (50, 8.0, "multirotor", 45.0),
    ],
)
def test_everybody_arrives_on_the_far_side(count: int, radius: float, vehicle: str, duration: float) -> None:
    verdict = judged_run(swap(count, radius, vehicle, duration), 0)
    assert verdict.held, [e for e in verdict.expectations if not e.held]
