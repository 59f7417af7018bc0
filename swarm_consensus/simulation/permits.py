"""Docks, permits and claims of a scenario, as robots are told of them."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from swarm_consensus.agreement.lease import LeaseSettings
from swarm_consensus.arrays import Array
from swarm_consensus.robot import docks
from swarm_consensus.robot.docks import Berth, DockOrders
from swarm_consensus.robot.reserve import SLACK
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Claims, Dock, Permits, Scenario

TOGETHER = "docks"  # name of the queue where there is one for all docks


def widest(scenario: Scenario) -> float:
    """Return the smallest distance that any two robots of a scenario keep, m."""
    return max(2.0 * (VEHICLES[entry.vehicle].radius + VEHICLES[entry.vehicle].reach) for entry in scenario.robots)


def ring(places: int, apart: float) -> float:
    """Return the radius of a ring of so many places, m: neighbours on it are `apart` from each other."""
    return 0.0 if places == 1 else 0.5 * apart / sin(pi / places)


def spots(dock: Dock, reach: float) -> Array:
    """Return the places on a dock, shape (places, 2), m: its middle, or as far apart as it allows.

    Far apart, since who falls silent on a dock keeps others away from as far as it may have come since.
    """
    radius = 0.0 if dock.places == 1 else dock.reach_m - reach
    angles = [2.0 * pi * number / dock.places for number in range(dock.places)]
    x, y = dock.position_m[:2]
    return np.array([[x + radius * cos(angle), y + radius * sin(angle)] for angle in angles])


def lease_of(given: Permits | Claims, clock_drift: float, rate: int) -> LeaseSettings:
    """Return the times of a lease, in ticks."""
    return LeaseSettings(
        lease_ticks=round(given.lease_s * rate),
        renew_ticks=max(round(given.renew_s * rate), 1),
        delay_ticks=max(round(given.delay_s * rate), 1),
        clock_drift=clock_drift,
    )


def queues_of(given: Permits, docks: list[Dock]) -> tuple[tuple[str, tuple[Berth, ...]], ...]:
    """Return the queues, and the place on a dock that each of their permits is for."""
    each = [(dock.name, tuple((number, place) for place in range(dock.places))) for number, dock in enumerate(docks)]
    if given.per == "dock":
        return tuple((name, berths[: given.count]) for name, berths in each)
    # the first place of each dock before the second of any
    berths = sorted((berth for _, mine in each for berth in mine), key=lambda berth: (berth[1], berth[0]))
    return ((TOGETHER, tuple(berths[: given.count])),)


def permits_of(scenario: Scenario) -> DockOrders | None:
    """Return what all robots are told of docks; None if the scenario has none."""
    agreement = scenario.agreement
    if agreement is None or agreement.permits is None or not scenario.docks:
        return None
    names, given = robot_names(scenario), agreement.permits
    return DockOrders(
        docks=docks_of(scenario),
        queues=queues_of(given, scenario.docks),
        lease=lease_of(given, agreement.clock_drift, scenario.control.rate_hz),
        tours=tuple((names.index(robot), tuple(tour)) for robot, tour in given.tours.items()),
    )


def claims_of(scenario: Scenario) -> DockOrders | None:
    """Return what all robots are told of docks that arbitrate alone; None if the scenario has none."""
    given = scenario.claims
    if given is None or not scenario.docks:
        return None
    lease = lease_of(given, given.clock_drift, scenario.control.rate_hz)
    return DockOrders(docks_of(scenario), queues_of(Permits(), scenario.docks), lease)


def docks_of(scenario: Scenario) -> tuple[docks.Dock, ...]:
    """Return the docks of a scenario as robots know them."""
    reach = max(VEHICLES[entry.vehicle].reach for entry in scenario.robots) + SLACK
    return tuple(
        docks.Dock(
            name=dock.name,
            position=np.array(dock.position_m[:2], dtype=float),
            reach=dock.reach_m,
            power=dock.power_w,
            spots=spots(dock, reach),
        )
        for dock in scenario.docks
    )
