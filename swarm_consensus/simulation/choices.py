"""The choices of a scenario: what each robot is told of them, and what its sensors are to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.optimization.cruise import Cruise
from swarm_consensus.optimization.field import Basis, blended, grid
from swarm_consensus.optimization.negotiation import Regret
from swarm_consensus.optimization.negotiator import Settings
from swarm_consensus.optimization.terms import Scaled, Term
from swarm_consensus.robot import choices
from swarm_consensus.robot.power import Power
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.roster import group_of
from swarm_consensus.simulation.scenario import Choice, Interest, Scenario

EXACT = 1e-6  # m/s: how far apart robots may be on a policy, and how far off, to be content
_FINE = 5  # places along a bump's width at which bumps are told apart
MAPPING = Settings(penalty=2.0, absolute=1e-5, relative=1e-5, windows=0, single=True)  # of maps, but for the robots


def interest_of(choice: Choice, name: str) -> Interest:
    """Return a robot's interest: its own, or its group's, or the default."""
    return choice.interests.get(name, choice.interests.get(group_of(name), Interest()))


def cruise_of(choice: Choice, name: str, speed: float) -> Cruise:
    """Return what a metre costs a robot of that name and speed limit, by speed.

    Raises
    ------
    OptimizationError
        If that is not convex, or has no speed within the limits.
    """
    interest = interest_of(choice, name)
    low, high = choice.limits_m_s
    return Cruise(interest.hurry, interest.range * (1.0 + interest.payload), low, min(high, speed))


def basis_of(choice: Choice, bounds: Sequence[Sequence[float]]) -> Basis:
    """Return the shapes of a map: of bumps on a grid over the box of the fence, as measuring everywhere tells apart."""
    corners = fence_corners(bounds)
    return _basis(tuple(corners.min(axis=0).tolist()), tuple(corners.max(axis=0).tolist()), choice.bump_m or 1.0)


@lru_cache(maxsize=8)
def _basis(low: tuple[float, ...], high: tuple[float, ...], width: float) -> Basis:
    lines = [np.linspace(a, b, max(round(_FINE * (b - a) / width), 2)) for a, b in zip(low, high, strict=True)]
    places = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 2)
    return blended(grid([low, high], width), places)


def choices_of(scenario: Scenario, robot: PlacedRobot, count: int) -> tuple[choices.Choice, ...]:
    """Return what one robot of a swarm of so many is told of the choices."""
    first = sum(quantity.source in ("field", "altitude") for quantity in scenario.quantities)
    mapped = [choice.name for choice in scenario.choices if choice.kind == "map"]
    found: list[choices.Choice] = []
    for choice in scenario.choices:
        match choice.kind:
            case "policy":
                found.append(_policy(choice, robot, count))
            case "map":
                found.append(_chart(choice, scenario, first + mapped.index(choice.name), count))
            case "power":
                found.append(_power(choice, scenario, robot, count))
    return tuple(found)


def _policy(choice: Choice, robot: PlacedRobot, count: int) -> choices.Policy:
    cruise, weight = cruise_of(choice, robot.name, robot.speed), interest_of(choice, robot.name).weight
    start = np.array([cruise.best])
    fair = choice.fairness == "max-min"
    term: Term = Regret(cruise, weight, start) if fair else Scaled(cruise, weight)
    return choices.Policy(
        name=choice.name,
        term=term,
        start=np.append(start, 0.0) if fair else start,
        size=1,
        settings=Settings(robots=count, absolute=EXACT, relative=EXACT, windows=4 if fair else 8),
    )


def _chart(choice: Choice, scenario: Scenario, reading: int, count: int) -> choices.Chart:
    return choices.Chart(
        name=choice.name,
        basis=basis_of(choice, scenario.bounds_m),
        ridge=choice.ridge,
        every=choice.every_m,
        reading=reading,
        settings=replace(MAPPING, robots=count),
    )


def _power(choice: Choice, scenario: Scenario, robot: PlacedRobot, count: int) -> Power:
    rate = scenario.control.rate_hz
    # as steep as a robot's draw is by the price: see `swarm_consensus.optimization.price.settings_for`
    penalty = 0.3 * 0.5 / choice.saturation_1_w
    return Power(
        name=choice.name,
        share=(choice.limit_w or 0.0) / count,
        urgency=choice.urgency.get(robot.name, choice.urgency.get(group_of(robot.name), 1.0)),
        saturation=choice.saturation_1_w,
        most=0.0 if scenario.battery is None else scenario.battery.charge_w,
        ramp=np.inf if choice.ramp_w_s is None else choice.ramp_w_s / rate,
        span=round(choice.loan_s * rate),
        charger=np.array(choice.charger_m),
        reach=choice.reach_m,
        settings=Settings(penalty=penalty, robots=count, absolute=1e-6, relative=1e-6, windows=0),
    )
