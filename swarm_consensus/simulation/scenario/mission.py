"""What the swarm of a scenario is to do."""

from __future__ import annotations

from swarm_consensus.simulation.scenario.basics import Point, Positive, Strict


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
