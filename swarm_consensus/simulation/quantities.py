"""The quantities of a scenario: what each robot is told of them, what its sensors read, and what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.integral import Gains
from swarm_consensus.robot import rounds
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.roster import group_of
from swarm_consensus.simulation.scenario import Field, Quantity, Scenario
from swarm_consensus.simulation.world import Truth

EXTREMES = ("maximum", "minimum")  # laws that come to no mean
SENSED = ("field", "altitude")  # sources that a sensor reads
PROPORTIONAL = 1.0  # 1/s, k_p where the scenario names none
INTEGRAL = 0.5  # 1/s^2, k_i likewise


def size(quantity: Quantity) -> int:
    """Return how many numbers a value has: two for a place in the plane, otherwise one."""
    return 2 if quantity.source == "position" else 1


def sizes(scenario: Scenario) -> tuple[int, ...]:
    """Return how many numbers a value of each quantity has."""
    return tuple(size(quantity) for quantity in scenario.quantities)


def gains_of(quantity: Quantity, rate: int) -> Gains:
    """Return the gains of the laws proportional and integral, for links of weight 1."""
    return Gains(
        proportional=PROPORTIONAL if quantity.proportional_1_s is None else quantity.proportional_1_s,
        integral=0.0 if quantity.law == "proportional" else quantity.integral_1_s2 or INTEGRAL,
        step=1.0 / rate,
        leak=quantity.leak_1_s or 0.0,
    )


def quantities_of(scenario: Scenario, robot: PlacedRobot) -> tuple[rounds.Quantity, ...]:
    """Return what one robot is told of the quantities."""
    rate = scenario.control.rate_hz
    sensed = [place for place, quantity in enumerate(scenario.quantities) if quantity.source in SENSED]
    return tuple(
        rounds.Quantity(
            name=quantity.name,
            law=quantity.law,
            size=size(quantity),
            reading=sensed.index(place) if place in sensed else None,
            constant=np.array([of(quantity.values, robot)]) if quantity.source == "values" else None,
            liars=quantity.liars or 0,
            gains=gains_of(quantity, rate) if quantity.law in ("proportional", "integral") else None,
            leak=(quantity.leak_1_s or 0.0) / rate,
        )
        for place, quantity in enumerate(scenario.quantities)
    )


def of(table: Mapping[str, float], robot: PlacedRobot) -> float:
    """Return a robot's number: its own, or its group's, or 0."""
    return table.get(robot.name, table.get(group_of(robot.name), 0.0))


def strength(field: Field, position: Array) -> Array:
    """Return a field at places (n, 3) m, shape (n,), in the quantity's unit."""
    found = np.full(len(position), field.base)
    for peak in field.peaks:
        offset = position[:, :2] - np.array(peak.at_m)
        found += peak.weight * np.exp(-0.5 * (offset * offset).sum(axis=1) / peak.width_m**2)
    return found


def inputs(quantity: Quantity, robots: Sequence[PlacedRobot], position: Array) -> Array:
    """Return what all robots would put in if their sensors were perfect, shape (n, d).

    Parameters
    ----------
    quantity
        Which.
    robots
        The roster.
    position
        Where they are, shape (n, 3), m.
    """
    if quantity.source == "position":
        return position[:, :2].copy()
    if quantity.source == "values":
        return np.array([[of(quantity.values, robot)] for robot in robots])
    return (position[:, 2] if quantity.field is None else strength(quantity.field, position))[:, None]


class Readings:
    """The sensors of quantities of all robots, each with white noise and a constant bias.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster.
    rng
        Its own source of randomness; the same number of values is drawn every tick.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot], rng: np.random.Generator) -> None:
        self._robots = tuple(robots)
        self._sensed = [quantity for quantity in scenario.quantities if quantity.source in SENSED]
        self._mapped = [choice for choice in scenario.choices if choice.kind == "map"]
        self._noise = np.array([*[each.noise_std for each in self._sensed], *[each.noise_std for each in self._mapped]])
        biases = [*[quantity.biases for quantity in self._sensed], *[{} for _ in self._mapped]]
        self._bias = np.array([[of(each, robot) for each in biases] for robot in robots])
        self._rng = rng
        self._none: tuple[tuple[float, ...], ...] = ((),) * len(self._robots)

    def measure(self, truth: Truth) -> tuple[tuple[float, ...], ...]:
        """Return what each robot reads now, a number for each quantity that is sensed, then for each mapped field."""
        if not len(self._noise):
            return self._none
        fields = [strength(choice.field, truth.position)[:, None] for choice in self._mapped if choice.field]
        true = np.hstack([*[inputs(quantity, self._robots, truth.position) for quantity in self._sensed], *fields])
        read = true + self._bias + self._noise * self._rng.standard_normal(true.shape)
        return tuple(map(tuple, read.tolist()))
