"""Where robots start: inside, apart and connected, by their bodies and by the references that they steer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import shapely

from swarm_consensus.arrays import Array
from swarm_consensus.errors import InputError
from swarm_consensus.graph import components, cut_nodes
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.bearing import liar_problems
from swarm_consensus.simulation.placement import (
    PlacedRobot,
    distances,
    link_lengths,
    place,
    room,
    separation,
    sight_room,
    start_links,
)
from swarm_consensus.simulation.scenario import Scenario

_TOLD = 20  # pairs of robots too near to each other, before the rest is only counted


def start_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the start of a scenario whose shapes and robots are sound.

    Groups are drawn such that they satisfy all of it, or not at all: one draw, with a seed of its own, shows whether
    their areas hold them. A run with another seed may still draw in vain, and then says so.
    """
    numbers = [index for index, entry in enumerate(scenario.robots) if entry.group is None]
    singles = place(
        msgspec.structs.replace(scenario, robots=[scenario.robots[i] for i in numbers]), np.random.default_rng(0)
    )
    problems = [*_altitude_problems(scenario), *_overlap_problems(singles)]
    for number, robot in zip(numbers, singles, strict=True):
        problems += _outside_problems(scenario, f"robots[{number}]", robot)
    yield from problems
    if problems:
        return
    if len(singles) == len(scenario.robots):
        yield from _split_problems(scenario, singles)
        return
    try:
        place(scenario, np.random.default_rng(0))
    except InputError as error:
        yield from error.problems


def _altitude_problems(scenario: Scenario) -> Iterator[str]:
    reach = VEHICLES["multirotor"].reach
    low, high = scenario.altitude_m[0] + reach, scenario.altitude_m[1] - reach
    for index, entry in enumerate(scenario.robots):
        if entry.vehicle != "multirotor":
            continue
        if entry.spawn is not None:
            path, altitude = f"robots[{index}].spawn.altitude_m", entry.spawn.altitude_m
        else:
            path, altitude = f"robots[{index}].position_m", (entry.position_m or [0.0, 0.0, 0.0])[2]
        if not low <= altitude <= high:
            yield f"{path} starts at {altitude:g} m, must be within altitude_m less tracking, {low:g} to {high:g} m"


def _outside_problems(scenario: Scenario, path: str, robot: PlacedRobot) -> Iterator[str]:
    """Clear of the fence and of every obstacle, also of those it flies over."""
    fence = shapely.Polygon(fence_corners(scenario.bounds_m))
    spots = (robot.position, robot.reference)
    needed = room(robot.vehicle)
    if not fence.contains(shapely.Point(robot.position[:2])):
        yield f"{path}: '{robot.name}' is outside the fence"
        return
    distance = min(float(fence.exterior.distance(shapely.Point(spot[:2]))) for spot in spots)
    if distance < needed:
        yield f"{path}: '{robot.name}' is {distance:.2f} m from the fence, must be at least {needed:.2f} m"
    for index, obstacle in enumerate(scenario.obstacles):
        shape = shapely.Polygon(obstacle.polygon_m)
        distance = min(_distance(shape, obstacle.height_m, spot) for spot in spots)
        if distance == 0:
            yield f"{path}: '{robot.name}' is inside obstacles[{index}]"
        elif distance < needed:
            yield f"{path}: '{robot.name}' is {distance:.2f} m from obstacles[{index}], must be at least {needed:.2f} m"


def _distance(shape: shapely.Polygon, height: float, spot: Array) -> float:
    aside = float(shape.distance(shapely.Point(spot[:2])))
    return float(np.hypot(aside, max(0.0, spot[2] - height)))


def _overlap_problems(robots: Sequence[PlacedRobot]) -> Iterator[str]:
    if len(robots) < 2:
        return
    bodies = distances(np.array([robot.position for robot in robots]))
    apart = np.minimum(bodies, distances(np.array([robot.reference for robot in robots])))
    size = np.array([separation(robot.vehicle, robot.vehicle) / 2 for robot in robots])
    near = np.argwhere(np.triu(apart < size[:, None] + size[None], k=1))
    for i, j in near[:_TOLD].tolist():
        first, second = robots[i], robots[j]
        pair = f"robots: '{first.name}' and '{second.name}'"
        touching = VEHICLES[first.vehicle].radius + VEHICLES[second.vehicle].radius
        least = separation(first.vehicle, second.vehicle)
        if bodies[i, j] < touching:
            yield f"{pair} overlap: they are {bodies[i, j]:.2f} m apart and touch below {touching:.2f} m"
        else:
            yield f"{pair} are {apart[i, j]:.2f} m apart{_ahead(bodies, apart, i, j)}, must be at least {least:.2f} m"
    if len(near) > _TOLD:
        yield f"robots: {len(near) - _TOLD} more pairs are as near"


def _split_problems(scenario: Scenario, robots: Sequence[PlacedRobot]) -> Iterator[str]:
    links = start_links(scenario, robots).astype(float)
    part = components(links)
    if not part.any() or not scenario.control.redundancy:
        if scenario.control.redundancy > 1:
            for node in cut_nodes(links):
                yield (
                    f"robots: without '{robots[node].name}' the start falls apart, and control.redundancy is 2: "
                    "any one robot may die"
                )
        yield from liar_problems(scenario, links > 0.0)
        return
    position = distances(np.array([robot.position for robot in robots]))
    apart = np.maximum(position, distances(np.array([robot.reference for robot in robots])))
    excess = np.where(part[:, None] != part[None], apart - link_lengths(scenario, robots), np.inf)
    i, j = (int(k) for k in np.unravel_index(np.argmin(excess), excess.shape))
    longest = float(link_lengths(scenario, robots)[i, j])
    why = (
        f"{apart[i, j]:.2f} m apart{_ahead(position, apart, i, j)}, and a link holds up to "
        f"radio.range_m - control.margin_m - tracking = {longest:.2f} m"
        if excess[i, j] > 0
        else f"near enough, but a wall is nearer than {sight_room(robots[i].vehicle, robots[j].vehicle):.2f} m to the "
        "line between them and blocks the radio"
    )
    yield (
        f"robots: the start is not connected but in {int(part.max()) + 1} parts; '{robots[i].name}' and "
        f"'{robots[j].name}', the nearest to a link, are {why}"
    )


def _ahead(bodies: Array, measured: Array, i: int, j: int) -> str:
    """Say so where a distance is not the one between the positions in the file."""
    return "" if bodies[i, j] == measured[i, j] else " (between the points ahead of their axles, which they steer)"
