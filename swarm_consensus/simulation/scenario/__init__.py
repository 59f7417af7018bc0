"""The scenario file, version 1: one YAML that says world, radio, robots, mission, faults and expectations.

Lengths in metres, times in seconds, angles in radians, world frame ENU. docs/worlds.md explains every field.
"""

from __future__ import annotations

from typing import Literal

from swarm_consensus.simulation.scenario.basics import (
    LARGEST,
    Commits,
    NotNegative,
    Number,
    Point,
    Positive,
    Share,
    Strict,
    Vehicle,
)
from swarm_consensus.simulation.scenario.expect import Expect
from swarm_consensus.simulation.scenario.facts import Agreement, Battery, Claims, Dock, Job, Permits, When
from swarm_consensus.simulation.scenario.mission import Mission, Peak
from swarm_consensus.simulation.scenario.numbers import Choice, Field, Interest, Lie, Quantity
from swarm_consensus.simulation.scenario.trust import Attacker, Bundle, Command, Decision, Operator, Security
from swarm_consensus.simulation.scenario.world import Control, Fault, Obstacle, Partition, Radio, Robot, Sensors, Spawn

__all__ = [
    "LARGEST",
    "Agreement",
    "Attacker",
    "Battery",
    "Bundle",
    "Choice",
    "Claims",
    "Command",
    "Commits",
    "Control",
    "Decision",
    "Dock",
    "Expect",
    "Fault",
    "Field",
    "Interest",
    "Job",
    "Lie",
    "Mission",
    "NotNegative",
    "Number",
    "Obstacle",
    "Operator",
    "Partition",
    "Peak",
    "Permits",
    "Point",
    "Positive",
    "Quantity",
    "Radio",
    "Robot",
    "Scenario",
    "Security",
    "Sensors",
    "Share",
    "Spawn",
    "Strict",
    "Vehicle",
    "When",
]


class Scenario(Strict, frozen=True):
    """A whole scenario."""

    file_version: Literal[1]
    name: str
    bounds_m: list[Point]  # the fence: two opposite corners, or a polygon
    radio: Radio
    robots: list[Robot]
    duration_s: Positive
    description: str = ""
    altitude_m: tuple[Number, Number] = (0.3, 3.0)  # band for the centres of multirotors
    obstacles: list[Obstacle] = []
    armed: bool = True  # False: no robot moves before a commander orders so
    mission: Mission = Mission()
    faults: list[Fault] = []
    quantities: list[Quantity] = []
    lies: list[Lie] = []
    choices: list[Choice] = []
    agreement: Agreement | None = None
    decisions: list[Decision] = []
    bundle: Bundle | None = None
    security: Security | None = None  # None: frames are not sealed
    operators: list[Operator] = []
    commands: list[Command] = []
    attackers: list[Attacker] = []
    battery: Battery | None = None
    docks: list[Dock] = []
    claims: Claims | None = None  # docks arbitrate alone; None: by agreement.permits
    control: Control = Control()
    expect: Expect = Expect()
