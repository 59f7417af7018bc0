"""From a scenario and a seed to robots with names and positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.errors import InputError
from swarm_consensus.graph import cut_nodes, is_connected
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.motion.sight import Sight, sight_margin
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.bearing import liar_problems
from swarm_consensus.simulation.roster import names_of
from swarm_consensus.simulation.scenario import Robot, Scenario, Sensors, Vehicle
from swarm_consensus.simulation.spawn import Ground, Occupied, polygon, throw

NOISE = 0.05  # m, beyond what is kept between a link and a wall: first references are as noisy as the odometry
CLEARANCE = 0.02  # m, between a robot's start and what the barrier filter would keep it from
_STARTS = 60  # whole starts drawn before giving up on a connected one
_CROWDED = 5  # of them that may find an area full before giving up


@dataclass(frozen=True, slots=True)
class PlacedRobot:
    """One robot of the swarm at its start."""

    name: str
    vehicle: Vehicle
    position: Array  # (3,) m, world frame, centre of the body
    heading: float  # rad, counter-clockwise from east
    speed: float  # m/s, its speed limit
    sensors: Sensors

    @property
    def reference(self) -> Array:
        """The point it steers, shape (3,), m: its centre, or a rover's point ahead of the axle."""
        return self.position + _ahead(self.vehicle, self.heading)


def place(scenario: Scenario, rng: np.random.Generator) -> tuple[PlacedRobot, ...]:
    """Give every robot of a checked scenario its name and its start.

    Positions that the file names are kept to the bit. Groups are drawn from the seed, uniformly in their area, no
    two robots nearer than their spacing and than what the barrier filter keeps, clear of obstacles and the fence, until
    the whole start is one network.

    Parameters
    ----------
    scenario
        Each of its polygons and robots valid by itself.
    rng
        Source of the starts; not drawn from if the file names every position.

    Returns
    -------
    tuple
        The roster: all robots in the order of the file.

    Raises
    ------
    InputError
        If an area does not hold its robots, or no connected start was found, or none that bears the liars.
    """
    if all(entry.group is None for entry in scenario.robots):
        return tuple(_placed(entry, str(entry.name), _spatial(entry)) for entry in scenario.robots)
    ground = Ground(scenario)
    shortages: list[str] = []
    weak: list[str] = []  # why the last connected start does not bear the liars
    for _ in range(_STARTS):
        robots = _draw(scenario, ground, rng)
        if isinstance(robots, str):
            shortages.append(robots)
            if len(shortages) == _CROWDED:
                break
            continue
        links = start_links(scenario, robots)
        if _is_whole(links, scenario.control.redundancy):
            weak = [*liar_problems(scenario, links)]
            if not weak:
                return robots
    if shortages or weak:
        raise InputError(shortages[:1] or weak)
    raise InputError(
        [
            (
                f"robots: none of {_STARTS} starts drawn is connected at radio.range_m {scenario.radio.range_m:g}"
                f"{' without any one robot (control.redundancy 2)' if scenario.control.redundancy > 1 else ''}; "
                "make the areas smaller or bring them nearer to each other"
            )
        ]
    )


def _is_whole(links: NDArray[np.bool_], redundancy: int) -> bool:
    """Tell whether a start is as connected as it must be: at 2 also without any one robot, at 0 not at all."""
    return redundancy == 0 or (is_connected(links) and (redundancy == 1 or not cut_nodes(links)))


def start_links(scenario: Scenario, robots: Sequence[PlacedRobot]) -> NDArray[np.bool_]:
    r"""Return which pairs hold a link from the first tick, shape (n, n).

    Those with d_ij <= range - margin - reach_i - reach_j, where d_ij is the larger of the distances of their centres
    and of their references; in sight of each other where walls block the radio, with the margin that is then kept.
    """
    position = np.array([robot.position for robot in robots]).reshape(-1, 3)
    reference = np.array([robot.reference for robot in robots]).reshape(-1, 3)
    links = np.maximum(distances(position), distances(reference)) <= link_lengths(scenario, robots)
    np.fill_diagonal(links, False)
    if scenario.radio.walls == "block":
        first, second = np.nonzero(np.triu(links))
        kinds = [robot.vehicle for robot in robots]
        margin = np.array([sight_room(kinds[i], kinds[j]) for i, j in zip(first, second, strict=True)])
        sight, exactly = Sight(blocking(scenario)), np.zeros(len(first))
        seen = np.ones(len(first), dtype=bool)
        for places in (position, reference):
            seen &= sight.surely(places[first], places[second], exactly, margin)
        links[first[~seen], second[~seen]] = links[second[~seen], first[~seen]] = False
    return np.asarray(links)


def prisms(scenario: Scenario) -> list[Prism]:
    """Return the obstacles of a scenario."""
    return [
        Prism(polygon=np.array([corner[:2] for corner in obstacle.polygon_m], dtype=float), height=obstacle.height_m)
        for obstacle in scenario.obstacles
    ]


def blocking(scenario: Scenario) -> list[Prism]:
    """Return the obstacles that block the radio."""
    return prisms(scenario) if scenario.radio.walls == "block" else []


def link_lengths(scenario: Scenario, robots: Sequence[PlacedRobot]) -> Array:
    """Return the greatest distance at which each pair keeps a link, range - margin - reach_i - reach_j, (n, n) m."""
    reach = np.array([VEHICLES[robot.vehicle].reach for robot in robots])
    return np.asarray(scenario.radio.range_m - scenario.control.margin_m - reach[:, None] - reach[None])


def link_length(scenario: Scenario, first: Vehicle, second: Vehicle) -> float:
    """Greatest distance at which a link between two kinds of vehicle is kept, m."""
    return scenario.radio.range_m - scenario.control.margin_m - VEHICLES[first].reach - VEHICLES[second].reach


def distances(position: Array) -> Array:
    """Return the distances between all points (n, 3), shape (n, n)."""
    offset = position[:, None] - position[None]
    return np.asarray(np.sqrt(np.einsum("ijd,ijd->ij", offset, offset)))


def separation(first: Vehicle, second: Vehicle) -> float:
    """Smallest distance of two robots' starts: the one that the barrier filter keeps between their references, m."""
    return sum(VEHICLES[kind].radius + VEHICLES[kind].reach for kind in (first, second))


def sight_room(first: Vehicle, second: Vehicle) -> float:
    """Smallest distance of a link to a wall that blocks the radio, at the start, m."""
    return sight_margin(VEHICLES[first].reach, VEHICLES[second].reach) + NOISE


def room(vehicle: Vehicle) -> float:
    """Smallest distance of a robot's start to a wall or the fence, m."""
    return VEHICLES[vehicle].radius + VEHICLES[vehicle].reach + CLEARANCE


def as_placed(scenario: Scenario, robots: Sequence[PlacedRobot]) -> Scenario:
    """Return the scenario with every robot spelled out, so that whoever reads it places the same robots."""
    return msgspec.structs.replace(
        scenario,
        robots=[
            Robot(
                vehicle=robot.vehicle,
                name=robot.name,
                position_m=[float(value) for value in robot.position[: VEHICLES[robot.vehicle].dims]],
                heading_rad=robot.heading,
                speed_m_s=robot.speed,
                sensors=robot.sensors,
            )
            for robot in robots
        ],
    )


def _draw(scenario: Scenario, ground: Ground, rng: np.random.Generator) -> tuple[PlacedRobot, ...] | str:
    """Draw all groups once, in the order of the file; if one finds no room, say which."""
    singles = [_placed(entry, str(entry.name), _spatial(entry)) for entry in scenario.robots if entry.group is None]
    standing, waiting = list(singles), iter(singles)
    roster: list[PlacedRobot] = []
    for entry in scenario.robots:
        if entry.group is None:
            roster.append(next(waiting))
            continue
        mine = _spawn(entry, standing, ground, rng)
        if len(mine) < (entry.count or 0):
            return (
                f"robots: group '{entry.group}' has count {entry.count}, but its spawn area holds only {len(mine)}, "
                "each clear of the others, the obstacles and the fence"
            )
        standing += mine
        roster += mine
    return tuple(roster)


def _spawn(
    entry: Robot, standing: Sequence[PlacedRobot], ground: Ground, rng: np.random.Generator
) -> list[PlacedRobot]:
    """Draw the robots of a group, as many as fit."""
    if entry.spawn is None:
        return []
    model = VEHICLES[entry.vehicle]
    area, height = polygon(entry.spawn.polygon_m), entry.spawn.altitude_m if model.dims == 3 else model.height
    ahead = _ahead(entry.vehicle, entry.heading_rad)
    spots = [spot for robot in standing for spot in (robot.position, robot.reference)]
    least = [separation(entry.vehicle, robot.vehicle) for robot in standing for _ in range(2)]
    mine: list[PlacedRobot] = []
    for name in names_of(entry):
        occupied = Occupied(np.array(spots).reshape(-1, 3), np.array(least))
        spot = throw(area, ground, room(entry.vehicle), height, ahead, occupied, rng)
        if spot is None:
            break
        mine.append(_placed(entry, name, spot))
        spots += [spot, spot + ahead]
        least += [max(separation(entry.vehicle, entry.vehicle), entry.spawn.spacing_m)] * 2
    return mine


def _placed(entry: Robot, name: str, position: Array) -> PlacedRobot:
    return PlacedRobot(
        name=name,
        vehicle=entry.vehicle,
        position=position,
        heading=entry.heading_rad,
        speed=VEHICLES[entry.vehicle].speed if entry.speed_m_s is None else entry.speed_m_s,
        sensors=entry.sensors,
    )


def _spatial(entry: Robot) -> Array:
    """Return a named position as (3,): a rover stands on the ground."""
    model = VEHICLES[entry.vehicle]
    return np.array(
        [*(entry.position_m or ())[: model.dims], *([model.height] if model.dims == 2 else [])], dtype=float
    )


def _ahead(vehicle: Vehicle, heading: float) -> Array:
    """From the body's centre to its reference at rest, shape (3,), m."""
    return VEHICLES[vehicle].lookahead * np.array([np.cos(heading), np.sin(heading), 0.0])
