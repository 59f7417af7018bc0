"""From a scenario and a seed to robots with names and positions."""

from __future__ import annotations

from dataclasses import dataclass

from swarm_consensus.arrays import Array
from swarm_consensus.simulation.scenario import Sensors, Vehicle


@dataclass(frozen=True, slots=True)
class PlacedRobot:
    """One robot of the swarm at its start."""

    name: str
    vehicle: Vehicle
    position: Array  # (3,) m, world frame, centre of the body
    heading: float  # rad, counter-clockwise from east
    speed: float  # m/s, its speed limit
    sensors: Sensors
