"""From a scenario and a seed to robots with names and positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.errors import InputError
from swarm_consensus.graph import is_connected
from swarm_consensus.network.walls import cut_by_walls
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.scenario import Robot, Scenario, Sensors, Vehicle

CLEARANCE = 0.02  # m, between a robot's start and what the barrier filter would keep it from
_DARTS = 400  # throws for one robot before the area counts as full
_STARTS = 60  # whole starts drawn before giving up on a connected one


@dataclass(frozen=True, slots=True)
class PlacedRobot:
    """One robot of the swarm at its start."""

    name: str
    vehicle: Vehicle
    position: Array  # (3,) m, world frame, centre of the body
    heading: float  # rad, counter-clockwise from east
    speed: float  # m/s, its speed limit
    sensors: Sensors


def place(scenario: Scenario, rng: np.random.Generator) -> tuple[PlacedRobot, ...]:
    """Give every robot of a checked scenario its name and its start.

    Positions that the file names are kept to the bit. Groups are drawn from the seed, uniformly in their area, no
    two robots nearer than their spacing and than what the barrier filter keeps, clear of obstacles, until the whole
    start is one network.

    Raises
    ------
    InputError
        If an area does not hold its robots, or no connected start was found.
    """
    fixed = [_placed(robot, _spatial(robot)) for robot in scenario.robots if robot.group is None]
    if all(robot.group is None for robot in scenario.robots):
        return tuple(fixed)
    walls = shapely.union_all([shapely.Polygon(_corners(o.polygon_m)) for o in scenario.obstacles])
    shapely.prepare(walls)
    for _ in range(_STARTS):
        robots = _draw(scenario, fixed, walls, rng)
        if is_connected(start_links(scenario, robots)):
            return robots
    raise InputError(
        [f"robots: none of {_STARTS} starts drawn is connected within radio.range_m; make the areas smaller"]
    )


def start_links(scenario: Scenario, robots: Sequence[PlacedRobot]) -> NDArray[np.bool_]:
    """Return which pairs hold a link from the first tick, shape (n, n).

    Those whose bodies are within radio range less the margin and less what tracking needs; in sight of each other
    where walls block the radio.
    """
    position = np.array([robot.position for robot in robots])
    reach = np.array([VEHICLES[robot.vehicle].reach for robot in robots])
    most = scenario.radio.range_m - scenario.control.margin_m - reach[:, None] - reach[None]
    offset = position[:, None] - position[None]
    links = np.sqrt(np.einsum("ijd,ijd->ij", offset, offset)) <= most
    np.fill_diagonal(links, False)
    if scenario.radio.walls == "block":
        first, second = np.nonzero(np.triu(links))
        walls = [(_corners(obstacle.polygon_m), obstacle.height_m) for obstacle in scenario.obstacles]
        cut = cut_by_walls(position[first], position[second], walls)
        links[first[cut], second[cut]] = links[second[cut], first[cut]] = False
    return np.asarray(links)


def separation(first: Vehicle, second: Vehicle) -> float:
    """Smallest distance of two robots' starts: the one that the barrier filter keeps between their references, m."""
    return sum(VEHICLES[kind].radius + VEHICLES[kind].reach for kind in (first, second))


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


def _draw(
    scenario: Scenario, fixed: Sequence[PlacedRobot], walls: shapely.Geometry, rng: np.random.Generator
) -> tuple[PlacedRobot, ...]:
    """Draw all groups once, in the order of the file; robots named singly stand where they are."""
    waiting = iter(fixed)
    placed: list[PlacedRobot] = []
    others = list(fixed)
    for entry in scenario.robots:
        if entry.group is None:
            placed.append(next(waiting))
            continue
        for robot in _spawn(entry, others, walls, rng):
            placed.append(robot)
            others.append(robot)
    return tuple(placed)


def _spawn(
    entry: Robot, others: Sequence[PlacedRobot], walls: shapely.Geometry, rng: np.random.Generator
) -> Iterator[PlacedRobot]:
    assert entry.spawn is not None
    assert entry.count is not None
    area = shapely.Polygon(_corners(entry.spawn.polygon_m))
    model = VEHICLES[entry.vehicle]
    shapely.prepare(area)
    low, high = np.array(area.bounds[:2]), np.array(area.bounds[2:])
    height = entry.spawn.altitude_m if model.dims == 3 else model.height
    mine: list[PlacedRobot] = []
    for number in range(1, entry.count + 1):
        for _ in range(_DARTS):
            position = np.array([*(low + (high - low) * rng.random(2)), height])
            if _fits(entry, position, area, walls, [*others, *mine], len(others)):
                mine.append(_placed(entry, position, f"{entry.group}_{number}"))
                break
        else:
            area_holds = f"its spawn area holds only {len(mine)} at spacing_m {entry.spawn.spacing_m:g}"
            raise InputError([f"robots: group '{entry.group}' has count {entry.count}, but {area_holds}"])
    yield from mine


def _fits(
    entry: Robot,
    position: Array,
    area: shapely.Polygon,
    walls: shapely.Geometry,
    others: Sequence[PlacedRobot],
    strangers: int,
) -> bool:
    assert entry.spawn is not None
    if not shapely.contains_xy(area, position[0], position[1]):
        return False
    model = VEHICLES[entry.vehicle]
    if walls.distance(shapely.Point(position[:2])) < model.radius + model.reach + CLEARANCE:
        return False
    for index, other in enumerate(others):
        apart = separation(entry.vehicle, other.vehicle)
        least = apart if index < strangers else max(apart, entry.spawn.spacing_m)
        if np.linalg.norm(position - other.position) < least:
            return False
    return True


def _placed(robot: Robot, position: Array, name: str | None = None) -> PlacedRobot:
    return PlacedRobot(
        name=name or str(robot.name),
        vehicle=robot.vehicle,
        position=position,
        heading=robot.heading_rad,
        speed=VEHICLES[robot.vehicle].speed if robot.speed_m_s is None else robot.speed_m_s,
        sensors=robot.sensors,
    )


def _spatial(robot: Robot) -> Array:
    """Return a named position as (3,): a rover stands on the ground."""
    assert robot.position_m is not None
    model = VEHICLES[robot.vehicle]
    return np.array([*robot.position_m[: model.dims], *([model.height] if model.dims == 2 else [])], dtype=float)


def _corners(polygon: Sequence[Sequence[float]]) -> Array:
    return np.array([corner[:2] for corner in polygon], dtype=float)
