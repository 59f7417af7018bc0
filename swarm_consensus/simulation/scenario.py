"""The scenario file, version 1: one YAML that says world, radio, robots, mission, faults and expectations.

Lengths in metres, times in seconds, angles in radians, world frame ENU. docs/worlds.md explains every field.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

LARGEST = 1e6  # of any number in the file: metres, seconds, radians; far beyond use, and no sum of them overflows
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Point = list[Number]  # [x, y] or [x, y, z], m
Positive = Annotated[float, Meta(gt=0, le=LARGEST)]
NotNegative = Annotated[float, Meta(ge=0, le=LARGEST)]
Commits = Annotated[int, Meta(ge=0, le=1_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Vehicle = Literal["multirotor", "rover"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Base of all parts: immutable, unknown keys are errors."""


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


class Peak(Strict, frozen=True):
    """A place that matters: a Gaussian bump of the density over the plane, beside a uniform density of 1."""

    at_m: Point  # [x, y]
    width_m: Positive  # standard deviation
    weight: Positive  # of the top


class Mission(Strict, frozen=True):
    """What the swarm is to do."""

    behaviour: str = "rendezvous"  # one of those that are registered
    goal_m: Point | None = None  # the common goal
    agreed_goal: str | None = None  # rendezvous: the quantity whose present value is the goal, [x, y]
    goals_m: dict[str, Point] = {}  # a goal for each robot or group, before goal_m
    informed: list[str] = []  # go_to: robots or groups that are told their goal; empty: all
    slots_m: list[Point] = []  # formation: places about its centre, m, one for each robot
    spacing_m: Positive | None = None  # flocking: wished distance between neighbours; None: the behaviour's choice
    density: list[Peak] = []  # coverage: where robots are wanted more
    leader: str | None = None  # follow: the robot that the others follow
    base: str | None = None  # explore: the robot that stays, and to which the others keep a way


class Fault(Strict, frozen=True):
    """A robot loses power, and may come back."""

    robot: str
    crash_s: NotNegative
    restart_s: Positive | None = None


class Field(Strict, frozen=True):
    """Something that robots sense where they are, in the quantity's unit: a sum of Gaussian bumps over the plane."""

    base: Number = 0.0  # far from all peaks
    peaks: list[Peak] = []  # their weight is in the quantity's unit


class Quantity(Strict, frozen=True):
    """A quantity on which the swarm agrees, and by which law; unless said otherwise numbers are in its own unit."""

    name: str
    source: Literal["field", "altitude", "position", "values"]  # where each robot's own input comes from
    law: Literal[
        "average", "integral", "maximum", "minimum", "proportional", "resilient", "running_sums", "tracking"
    ] = "running_sums"
    unit: str = ""  # for people
    field: Field | None = None  # source field: what there is to be sensed
    values: dict[str, Number] = {}  # source values: the input of each robot or group
    noise_std: NotNegative = 0.0  # field, altitude: standard deviation of white Gaussian noise
    biases: dict[str, Number] = {}  # field, altitude: constant error of the sensor of a robot or group
    liars: Annotated[int, Meta(ge=0, le=255)] | None = None  # resilient: F, so many liars are borne
    among: Literal["all", "neighbours"] = "all"  # resilient: F in the whole swarm, or among each robot's neighbours
    proportional_1_s: Positive | None = None  # proportional, integral: k_p, 1/s
    integral_1_s2: Positive | None = None  # integral: k_i, 1/s^2
    leak_1_s: NotNegative | None = None  # proportional, integral, tracking: pull towards the own input, 1/s


class Lie(Strict, frozen=True):
    """A robot says something else of a quantity than what it believes; nothing else about it is false."""

    robot: str
    quantity: str
    kind: Literal["constant", "ramp", "oscillating", "two_faced", "divider", "silent"]
    value: list[Number] = []  # what it says; ramp: at the start; two_faced, oscillating: in the middle
    rate_per_s: list[Number] = []  # ramp: by how much that grows, per second
    amplitude: list[Number] = []  # oscillating, two_faced: largest distance from the value
    period_s: Positive | None = None  # oscillating
    other: list[Number] = []  # divider: what it says to robots of odd roster index


class When(Strict, frozen=True):
    """A condition that each robot looks at in its own value of a quantity."""

    quantity: str
    above: Number  # in the quantity's unit
    quiet_s: Positive  # after it was noticed, not again for so long


class Job(Strict, frozen=True):
    """Something that one robot is to do, whichever leads, each time that it is due."""

    name: str
    every_s: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None  # due at each multiple of so many seconds
    schedule: str | None = None  # or as in crontab, in a world that begins at midnight UTC
    when: When | None = None  # or while a condition holds


class Agreement(Strict, frozen=True):
    """A log that all robots share, and what stands on it: docs/agreement.md explains it."""

    voters: list[str] = []  # robots or groups that decide, at most 7; empty: the first five, or three, or one
    election_s: Positive = 1.5  # silence of the leader after which another one stands for election
    heartbeat_s: Positive = 0.4  # the leader is heard at least so often
    delay_s: NotNegative = 0.3  # usual one-way delay through the mesh
    clock_drift: Annotated[float, Meta(ge=0, le=0.4)] = 0.01  # share by which any robot's clock may be off
    message_bytes: Annotated[int, Meta(ge=64, le=1000)] = 480  # of entries in one message
    budget_bytes_s: Annotated[int, Meta(ge=500, le=1_000_000)] = 8000  # that a robot may send for the mesh, a second
    report_s: Positive | None = None  # each robot writes a line into the log so often; None: never
    jobs: list[Job] = []
    replace_s: Positive | None = None  # a voter that the leader hasn't heard for so long makes room; None: voters stay


class Control(Strict, frozen=True):
    """How robots decide; the defaults are the ones that docs/guarantees.md argues for."""

    rate_hz: Annotated[int, Meta(ge=5, le=100)] = 20  # ticks a second; divides 240
    max_age_s: Positive = 1.0  # oldest news of a held neighbour a robot still moves on
    lost_after_s: Positive = 5.0  # silence after which a neighbour is presumed dead
    margin_m: NotNegative = 0.1  # kept between a held link and the radio's range, beside tracking error
    redundancy: Literal[0, 1, 2] = 1  # 2: the network stays whole when any one robot dies; 0: it may fall apart
    gain_1_s: Positive = 3.0  # how fast a robot may use up the slack of a constraint, 1/s


class Expect(Strict, frozen=True):
    """What must hold for the run to succeed; a field that is left out is not judged."""

    connected: bool | None = None  # the living robots form one radio network at every physics step
    links_kept: bool | None = None  # no link that both its ends hold is ever longer than radio range, or cut by a wall
    contacts: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None  # at most so many
    arrived_within_m: Positive | None = None  # every living robot this near its goal (or their centroid), to the end
    formation_error_m: Positive | None = None  # every living robot this near its slot, wherever the formation is
    by_s: Positive | None = None  # from this time on (default: at the end)
    covered_within_m: Positive | None = None  # at the end every free place has a living robot this near, in the plane
    coverage_rms_m: Positive | None = None  # at the end, root mean square of those distances, by density
    explored_share: Share | None = None  # share of the free area that living robots have seen, at least
    min_separation_m: NotNegative | None = None  # smallest distance between centres of two living robots
    agreed_within: dict[str, Positive] = {}  # by quantity: honest values differ by no more, from by_s on
    apart_by: dict[str, Positive] = {}  # by quantity: honest values differ by at least so much, from by_s on
    mean_within: dict[str, Positive] = {}  # by quantity: honest values this near the mean of the true inputs, likewise
    honest_range: list[str] = []  # quantities of which no honest value leaves the box of the honest ones at the start
    one_log: bool | None = None  # no two robots carry out different commands, or lead in one term
    minority_commits: Commits | None = None  # at most so many, by who is cut off from a majority
    commits_at_least: Commits | None = None  # every living robot knows of so many at the end
    jobs_within_s: Positive | None = None  # each occurrence of a job takes effect once, so soon after it is due
    job_effects: dict[str, Commits] = {}  # by job: it takes effect exactly so often, each occurrence once
    resumes_within_s: Positive | None = None  # after each cut, healing, crash: a new commit by all with the majority
    inside_fence: bool | None = None  # no living robot ever leaves the fence or the altitude band


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
    mission: Mission = Mission()
    faults: list[Fault] = []
    quantities: list[Quantity] = []
    lies: list[Lie] = []
    agreement: Agreement | None = None
    control: Control = Control()
    expect: Expect = Expect()
