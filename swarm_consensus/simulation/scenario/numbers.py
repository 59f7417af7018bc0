"""Numbers and choices on which the swarm of a scenario agrees, and who lies about them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from swarm_consensus.simulation.scenario.basics import NotNegative, Number, Positive, Strict
from swarm_consensus.simulation.scenario.mission import Peak


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
