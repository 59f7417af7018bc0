"""What the world of a scenario is made of: walls, radio, robots, what fails, and how robots decide."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from swarm_consensus.simulation.scenario.basics import NotNegative, Number, Point, Positive, Share, Strict, Vehicle


class Obstacle(Strict, frozen=True):
    """A prism that stands on the ground."""

    polygon_m: list[Point]  # corners, m, either direction, not crossing itself; need not be convex
    height_m: Positive = 3.0


class Partition(Strict, frozen=True):
    """For a while, frames pass only inside a group; robots in no group form one more group together."""

    from_s: NotNegative
    until_s: Positive
    groups: list[list[str]]  # names of robots, or of groups of robots


class Radio(Strict, frozen=True):
    """The radio channel between robots."""

    range_m: Positive
    walls: Literal["pass", "block"] = "pass"  # block: no frame crosses an obstacle lower than its height
    loss: Share = 0.0  # share of frames lost, each receiver on its own
    delay_s: NotNegative = 0.0  # from sending to hearing, at the least one tick in effect
    jitter_s: NotNegative = 0.0  # further delay, uniform in [0, jitter_s]
    duplicate: Share = 0.0  # share of frames heard twice, the second with its own delay
    reorder: Share = 0.0  # share of frames held back so that later ones overtake them
    partitions: list[Partition] = []


class Sensors(Strict, frozen=True):
    """Standard deviations of white Gaussian odometry noise."""

    position_std_m: NotNegative = 0.01
    velocity_std_m_s: NotNegative = 0.02
    heading_std_rad: NotNegative = 0.005


class Spawn(Strict, frozen=True):
    """Where a group starts: drawn from the seed inside a polygon."""

    polygon_m: list[Point]
    spacing_m: Positive  # smallest distance between two robots of the group
    altitude_m: Positive = 1.0  # for multirotors


class Robot(Strict, frozen=True):
    """One robot (name, position_m) or a group (group, count, spawn) whose robots are named group_1, group_2, ..."""

    vehicle: Vehicle
    name: str | None = None
    position_m: Point | None = None  # [x, y] for a rover; [x, y, z] for a multirotor
    group: str | None = None
    count: Annotated[int, Meta(ge=1, le=256)] | None = None
    spawn: Spawn | None = None
    heading_rad: Number = 0.0
    speed_m_s: Positive | None = None  # speed limit; None: that of the vehicle
    sensors: Sensors = Sensors()


class Fault(Strict, frozen=True):
    """A robot loses power, and may come back."""

    robot: str
    crash_s: NotNegative
    restart_s: Positive | None = None


class Control(Strict, frozen=True):
    """How robots decide; the defaults are the ones that docs/guarantees.md argues for."""

    rate_hz: Annotated[int, Meta(ge=5, le=100)] = 20  # ticks a second; divides 240
    max_age_s: Positive = 1.0  # oldest news of a held neighbour a robot still moves on
    lost_after_s: Positive = 5.0  # silence after which a neighbour is presumed dead
    margin_m: NotNegative = 0.1  # kept between a held link and the radio's range, beside tracking error
    redundancy: Literal[0, 1, 2] = 1  # 2: the network stays whole when any one robot dies; 0: it may fall apart
    gain_1_s: Positive = 3.0  # how fast a robot may use up the slack of a constraint, 1/s
