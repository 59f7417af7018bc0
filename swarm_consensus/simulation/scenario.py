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
    agreed_goal: str | None = None  # rendezvous: the quantity whose present value is the goal; seek: the mapped field
    goals_m: dict[str, Point] = {}  # a goal for each robot or group, before goal_m
    informed: list[str] = []  # go_to: robots or groups that are told their goal; empty: all
    slots_m: list[Point] = []  # formation: places about its centre, m, one for each robot
    spacing_m: Positive | None = None  # flocking: wished distance between neighbours; None: the behaviour's choice
    density: list[Peak] = []  # coverage: where robots are wanted more
    leader: str | None = None  # follow: the robot that the others follow
    base: str | None = None  # explore: the robot that stays, and to which the others keep a way
    points_m: list[Point] = []  # patrol: [x, y], visited in turn for ever
    agreed_speed: str | None = None  # the policy that limits the speed; nobody moves before all agreed on it
    spread_s: Positive | None = None  # seek: for so long the swarm spreads, then it gathers


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


class Interest(Strict, frozen=True):
    """What a robot wants of a common speed v: a metre costs it hurry / v + range (1 + payload) v^2."""

    hurry: Number = 0.25  # price of a second
    range: Number = 1.0  # price of energy, by (m/s)^2
    payload: Number = 0.0  # in its own mass
    weight: Number = 1.0  # of its voice


class Choice(Strict, frozen=True):
    """Something that the swarm chooses together: the best for the sum of everyone's own interest."""

    name: str
    # a common speed; a field made of bumps, from measurements that stay on the robots; shares of a charger's power
    kind: Literal["policy", "map", "power"]
    unit: str = ""  # for people
    fairness: Literal["weighted", "max-min"] = "weighted"  # policy
    limits_m_s: tuple[Number, Number] = (0.1, 1.0)  # policy: the slowest speed, and the fastest
    interests: dict[str, Interest] = {}  # policy: of a robot or group
    field: Field | None = None  # map: what there is to be sensed
    noise_std: NotNegative = 0.0  # map: standard deviation of white Gaussian noise
    bump_m: Positive | None = None  # map: width and spacing of the bumps
    ridge: Positive = 0.01  # map: of each robot, in measurements: keeps small what nobody measured
    every_m: Positive = 0.25  # map: a robot measures each time that it has gone so far
    limit_w: Positive | None = None  # power: of the charger, for all together
    charger_m: tuple[Number, Number] = (0.0, 0.0)  # power: where it is, [x, y]
    reach_m: Positive = 5.0  # power: so near to it a robot can draw
    urgency: dict[str, NotNegative] = {}  # power: gain per W of an empty robot, by robot or group; the others: 1
    saturation_1_w: Number = 0.01  # power: half of what the gain per W falls with each W
    ramp_w_s: Positive | None = None  # power: a draw changes by at most so much a second
    loan_s: Positive = 3.0  # power: so long one robot may use what is another's without hearing of it again


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


class Permits(Strict, frozen=True):
    """Who may go onto a dock is decided in the log: first come first served, for as long as a lease lasts."""

    per: Literal["dock", "swarm"] = "dock"  # a queue for each dock, or one for all docks together
    count: Annotated[int, Meta(ge=1, le=64)] | None = None  # K, permits of each queue; None: as many as places
    lease_s: Positive = 12.0  # without a renewal a permit goes to another after so long
    renew_s: Positive = 1.0  # between renewals
    delay_s: Positive = 1.5  # largest usual time until a renewal is known to be settled
    tours: dict[str, list[str]] = {}  # by robot: docks it takes one after the other, keeping each until it has the next


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
    permits: Permits | None = None  # for docks


class Battery(Strict, frozen=True):
    """Of each robot, all alike; an empty one leaves its robot without power for good."""

    capacity_j: Positive
    idle_w: NotNegative = 2.0  # drains while the robot has power
    motion_j_m: NotNegative = 5.0  # drains beside that, for each metre moved
    charge_w: Positive = 50.0  # the most that it takes
    start: dict[str, Share] = {}  # charge at the start, by robot or group; the others are full


class Dock(Strict, frozen=True):
    """A place on the ground where batteries are charged; robots on it are those whose middle is within its reach."""

    name: str
    position_m: Point  # [x, y], its middle
    reach_m: Positive = 1.0
    places: Annotated[int, Meta(ge=1, le=8)] = 1  # so many robots may be on it
    power_w: Positive = 40.0  # to each of them


class Decision(Strict, frozen=True):
    """Something that robots decide such that captured ones among them can't part the others: docs/trust.md."""

    name: str
    about: Literal["meeting_point", "mission"]  # where to meet; or whether to go on: commit or abort
    members: list[str] = []  # robots or groups that vote; empty: all
    liars: Annotated[int, Meta(ge=0, le=3)] | None = None  # so many are borne; None: as many as the members bear
    patience_s: Positive = 5.0  # after which a primary that comes to nothing is replaced
    abort: list[str] = []  # mission: robots or groups that propose to abort; all others propose to commit
    captured: list[str] = []  # robots that tell half of the others one thing and half another, and sign both
    lures_m: list[Point] = []  # meeting_point: the two places [x, y] that these name
    unsafe: bool = False  # run with more captured robots than are borne: then nothing is guaranteed


class Bundle(Strict, frozen=True):
    """Data (a map, a plan) that spreads from one robot to all, each piece checked."""

    name: str
    source: str  # the robot that has it from the beginning
    bytes: Annotated[int, Meta(ge=1, le=10_000_000)]
    signed_by: str | None = None  # the operator who vouches for it: a commander or administrator
    chunk_bytes: Annotated[int, Meta(ge=32, le=768)] = 512  # of a piece
    budget_bytes_s: Annotated[int, Meta(ge=500, le=1_000_000)] = 8000  # that a robot may send for it, a second
    corrupting: list[str] = []  # robots that alter each piece that they hand on


class Security(Strict, frozen=True):
    """How frames are proven to be a robot's: docs/trust.md explains it."""

    seal: Literal["identity", "group", "none"] = "identity"  # a signature each, one key that all share, or nothing


class Operator(Strict, frozen=True):
    """Somebody who has a key, and perhaps a role from the beginning."""

    name: str
    role: Literal["viewer", "operator", "commander", "administrator"] | None = None  # None: may get one


class Command(Strict, frozen=True):
    """What an operator asks of the swarm, by a ground station that repeats it until it is answered."""

    at_s: NotNegative
    operator: str
    order: Literal["goto", "behaviour", "formation", "halt", "resume", "land", "grant", "revoke"]
    heard_by: list[str]  # robots or groups that hear the ground station, and are heard by it
    until_s: Positive | None = None  # when it gives up; None: never
    goal_m: Point | None = None  # goto
    behaviour: str | None = None
    robot: str | None = None  # behaviour: the leader of follow, the base of explore
    slots_m: list[Point] = []  # formation
    who: str | None = None  # grant, revoke: an operator
    role: str | None = None  # grant


class Attacker(Strict, frozen=True):
    """A radio that is none of the swarm's, and has none of its keys."""

    name: str
    position_m: Point
    does: list[Literal["replay", "garbage", "alter", "forge"]]  # each of them in every tick
    packets: Annotated[int, Meta(ge=1, le=100)] = 1  # of each kind in a tick
    from_s: NotNegative = 0.0
    until_s: Positive | None = None  # None: to the end
    range_m: Positive | None = None  # None: that of the robots' radio


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
    dismissed_obeyed_s: NotNegative | None = None  # a robot obeys an operator at most so long after his dismissal
    orders_agree: bool | None = None  # at the end all carry out the same orders, each of which they obeyed once
    chosen_within: dict[str, Positive] = {}  # by choice: each robot's is this near the central optimum, see below
    chosen_after_s: Positive | None = None  # so long after the start, and after each crash and return
    flown_within_m_s: Positive | None = None  # then the body's speed, over a second, is this near the best agreed one
    overloaded: bool | None = None  # false: at no physics step more is drawn than the charger's limit
    mapped_within: dict[str, Positive] = {}  # by map: root mean square error against the true field at the end
    decided_alike: bool | None = None  # from by_s on all honest robots know of each decision, and of the same value
    met_within_m: Positive | None = None  # every honest robot this near the decided meeting point, from by_s on
    active_by_s: Positive | None = None  # all have the bundle by then, byte for byte, and go by it from one entry on
    inside_fence: bool | None = None  # no living robot ever leaves the fence or the altitude band
    run_dry: Commits | None = None  # at most so many batteries are ever empty
    over_places: Commits | None = None  # at most so many robots too many are ever on a dock
    stale_charges: Commits | None = None  # at most so often a dock gives power for a token older than one it has seen
    permit_back_s: Positive | None = None  # a holder's permit is free again so soon after the holder crashed
    tours_done: bool | None = None  # each robot of a tour was given power by each dock of it
    patrol_within_s: Positive | None = None  # no point of the patrol is ever longer without a visit


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
    control: Control = Control()
    expect: Expect = Expect()
