"""What must hold between the parts of a scenario; each violation is a sentence with the numbers that show it.

A scenario that passes starts inside the invariant of docs/guarantees.md, so that the guarantees hold from there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import shapely

from swarm_consensus.errors import InputError, nearest
from swarm_consensus.graph import components
from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.placement import CLEARANCE, PlacedRobot, place, separation, start_links
from swarm_consensus.simulation.scenario import Fault, Obstacle, Point, Robot, Scenario

MOST_ROBOTS = 256  # a frame names robots by one byte, and its bitmaps hold so many
PHYSICS_HZ = 240


def check(scenario: Scenario) -> list[str]:
    """Return all problems of a scenario whose fields are each valid by themselves.

    Geometry comes first, since positions mean nothing in a broken fence; then robots, and only if each of them is
    sound the relations between them.
    """
    shapes = list(_shapes(scenario))
    names = list(_names(scenario))
    singles = list(_control(scenario)) + list(_radio(scenario)) + list(_references(scenario)) + list(_expect(scenario))
    robots = [] if shapes else list(_robots(scenario))
    problems = shapes + names + robots + singles
    return problems or list(_mission(scenario)) + list(_starts(scenario))


def robot_names(scenario: Scenario) -> list[str]:
    """Return the names of all robots, groups spelled out, in the order of the roster."""
    names: list[str] = []
    for robot in scenario.robots:
        if robot.group is None:
            names.append(str(robot.name))
        else:
            names += [f"{robot.group}_{number}" for number in range(1, (robot.count or 0) + 1)]
    return names


def _shapes(scenario: Scenario) -> Iterator[str]:
    yield from _polygon("bounds_m", scenario.bounds_m, corners=True)
    for index, obstacle in enumerate(scenario.obstacles):
        yield from _polygon(f"obstacles[{index}].polygon_m", obstacle.polygon_m)
    for index, robot in enumerate(scenario.robots):
        if robot.spawn is not None:
            yield from _polygon(f"robots[{index}].spawn.polygon_m", robot.spawn.polygon_m)
    low, high = scenario.altitude_m
    if not low < high:
        yield f"altitude_m is [{low:g}, {high:g}], the first must be below the second"
    elif high - low < 2 * VEHICLES["multirotor"].reach:
        yield f"altitude_m is {high - low:g} m high, a multirotor needs {2 * VEHICLES['multirotor'].reach:g} m"


def _polygon(path: str, points: Sequence[Point], *, corners: bool = False) -> Iterator[str]:
    if any(len(point) != 2 for point in points):
        yield f"{path} has a corner that is not [x, y]"
        return
    if corners and len(points) == 2:
        (west, south), (east, north) = points
        if not (west < east and south < north):
            yield f"{path} has corners {points[0]} and {points[1]}, the first must be south-west of the second"
        return
    if len(points) < 3:
        yield f"{path} has {len(points)} corners, must have at least 3{' (or 2 opposite ones)' if corners else ''}"
        return
    shape = shapely.Polygon(points)
    if not shape.is_valid:
        yield f"{path} is no simple polygon: {shapely.is_valid_reason(shape)}"
    elif shape.area <= 0:
        yield f"{path} has no area"


def _names(scenario: Scenario) -> Iterator[str]:
    if not scenario.robots:
        yield "robots is empty, must hold at least one"
    seen: set[str] = set()
    for name in robot_names(scenario):
        if name in seen:
            yield f"robots: two are named '{name}'"
        seen.add(name)
    if len(seen) > MOST_ROBOTS:
        yield f"robots: there are {len(seen)}, must be at most {MOST_ROBOTS}"


def _robots(scenario: Scenario) -> Iterator[str]:
    for index, robot in enumerate(scenario.robots):
        path = f"robots[{index}]"
        yield from _robot_form(path, robot)
        top = VEHICLES[robot.vehicle].speed
        if robot.speed_m_s is not None and robot.speed_m_s > top:
            yield f"{path}.speed_m_s is {robot.speed_m_s:g}, a {robot.vehicle} keeps its tracking bound up to {top:g}"
        for label in (robot.name, robot.group):
            if label is not None and not label.isidentifier():
                yield f"{path}: '{label}' can't be a ROS namespace; use letters, digits and _, not a digit first"


def _robot_form(path: str, robot: Robot) -> Iterator[str]:
    single = {"name": robot.name, "position_m": robot.position_m}
    group = {"group": robot.group, "count": robot.count, "spawn": robot.spawn}
    named = [key for key, value in single.items() if value is not None]
    grouped = [key for key, value in group.items() if value is not None]
    if named and grouped:
        yield f"{path} has {named[0]} and {grouped[0]}: a robot has name, position_m; a group has group, count, spawn"
        return
    wanted, given = (group, grouped) if grouped else (single, named)
    for key in wanted:
        if key not in given:
            yield f"{path}.{key} is missing"
    dims = VEHICLES[robot.vehicle].dims
    if robot.position_m is not None and len(robot.position_m) != dims:
        form = "[x, y, z]" if dims == 3 else "[x, y]"
        yield f"{path}.position_m has {len(robot.position_m)} numbers, a {robot.vehicle} has {form}"


def _control(scenario: Scenario) -> Iterator[str]:
    control, radio = scenario.control, scenario.radio
    if PHYSICS_HZ % control.rate_hz:
        yield f"control.rate_hz is {control.rate_hz}, must divide {PHYSICS_HZ}"
    if control.max_age_s >= control.lost_after_s:
        yield f"control.max_age_s is {control.max_age_s:g}, must be below lost_after_s, {control.lost_after_s:g}"
    if control.gain_1_s > control.rate_hz:
        yield f"control.gain_1_s is {control.gain_1_s:g}, must be at most rate_hz, {control.rate_hz}"
    if control.margin_m >= radio.range_m:
        yield f"control.margin_m is {control.margin_m:g}, must be below radio.range_m, which is {radio.range_m:g}"
        return
    kinds = sorted({robot.vehicle for robot in scenario.robots})
    for first, second in itertools.combinations_with_replacement(kinds, 2):
        reach = VEHICLES[first].reach + VEHICLES[second].reach
        kept = radio.range_m - control.margin_m - reach
        apart = separation(first, second)
        if apart >= kept:
            yield (
                f"radio.range_m is {radio.range_m:g}: a {first} and a {second} keep {apart:.2f} m apart and their link "
                f"within range - margin - tracking = {kept:.2f} m, and the first must be below the second"
            )


def _radio(scenario: Scenario) -> Iterator[str]:
    for index, partition in enumerate(scenario.radio.partitions):
        path = f"radio.partitions[{index}]"
        if partition.until_s <= partition.from_s:
            yield f"{path}.until_s is {partition.until_s:g}, must be after from_s, {partition.from_s:g}"
        seen: set[str] = set()
        for name in itertools.chain(*partition.groups):
            if name in seen:
                yield f"{path} has '{name}' in two groups"
            seen.add(name)


def _references(scenario: Scenario) -> Iterator[str]:
    """Names that stand for robots elsewhere in the file."""
    names = robot_names(scenario)
    groups = {name.rpartition("_")[0] for name in names if name.rpartition("_")[2].isdigit()}
    known = [*names, *sorted(groups)]

    def unknown(path: str, name: str, among: Sequence[str]) -> Iterator[str]:
        if name not in among:
            yield f"{path}: there is no robot '{name}'{nearest(name, among)}"

    for index, partition in enumerate(scenario.radio.partitions):
        for name in itertools.chain(*partition.groups):
            yield from unknown(f"radio.partitions[{index}].groups", name, known)
    for name in scenario.mission.goals_m:
        yield from unknown("mission.goals_m", name, known)
    for index, fault in enumerate(scenario.faults):
        yield from unknown(f"faults[{index}].robot", fault.robot, names)
    yield from _faults(scenario.faults)


def _faults(faults: Sequence[Fault]) -> Iterator[str]:
    back: dict[str, float] = {}  # when each robot is on again after its last fault
    for index, fault in enumerate(faults):
        path = f"faults[{index}]"
        if fault.restart_s is not None and fault.restart_s <= fault.crash_s:
            yield f"{path}.restart_s is {fault.restart_s:g}, must be after crash_s, {fault.crash_s:g}"
        if fault.crash_s < back.get(fault.robot, 0.0):
            yield f"{path}: '{fault.robot}' crashes at {fault.crash_s:g} s while it is still off"
        back[fault.robot] = math.inf if fault.restart_s is None else fault.restart_s


def _expect(scenario: Scenario) -> Iterator[str]:
    expect = scenario.expect
    if expect.by_s is not None and expect.by_s > scenario.duration_s:
        yield f"expect.by_s is {expect.by_s:g}, must be at most duration_s, {scenario.duration_s:g}"
    if expect.by_s is not None and expect.arrived_within_m is None:
        yield "expect.by_s says by when, but expect.arrived_within_m is missing"


def _mission(scenario: Scenario) -> Iterator[str]:
    mission = scenario.mission
    if mission.behaviour not in BEHAVIOURS:
        hint = nearest(mission.behaviour, BEHAVIOURS)
        yield f"mission.behaviour is '{mission.behaviour}', must be one of {', '.join(sorted(BEHAVIOURS))}{hint}"
    if mission.behaviour == "go_to" and mission.goal_m is None and not mission.goals_m:
        yield "mission.goal_m is missing: go_to needs goal_m or goals_m"
    fence = shapely.Polygon(fence_corners(scenario.bounds_m))
    goals = {f"mission.goals_m.{name}": goal for name, goal in mission.goals_m.items()}
    if mission.goal_m is not None:
        goals["mission.goal_m"] = mission.goal_m
    for path, goal in goals.items():
        if len(goal) not in (2, 3):
            yield f"{path} has {len(goal)} numbers, must be [x, y] or [x, y, z]"
            continue
        point = shapely.Point(goal[:2])
        if not fence.contains(point):
            yield f"{path} is {goal}, outside the fence"
        for index, obstacle in enumerate(scenario.obstacles):
            if _shape(obstacle).contains(point):
                yield f"{path} is {goal}, inside obstacles[{index}]"
        low, high = scenario.altitude_m
        if len(goal) == 3 and not low <= goal[2] <= high:
            yield f"{path} is {goal}, outside altitude_m [{low:g}, {high:g}]"


def _starts(scenario: Scenario) -> Iterator[str]:
    """Relations between robots that stand where the file says; drawn ones satisfy them by the way they are drawn."""
    singles = [robot for robot in scenario.robots if robot.group is None]
    robots = place(msgspec.structs.replace(scenario, robots=singles), np.random.default_rng(0))
    problems = [*_inside(scenario, robots), *_overlaps(robots)]
    yield from problems
    if problems:
        return
    if len(singles) < len(scenario.robots):
        try:
            place(scenario, np.random.default_rng(0))
        except InputError as error:
            yield from error.problems
    else:
        part = components(start_links(scenario, robots).astype(float))
        if part.any():
            first, other = robots[0].name, robots[int(np.flatnonzero(part)[0])].name
            yield (
                f"robots: the start is not connected: no chain of links leads from '{first}' to '{other}'; a link is "
                "kept within radio.range_m - control.margin_m - the tracking bounds of both"
            )


def _inside(scenario: Scenario, robots: Sequence[PlacedRobot]) -> Iterator[str]:
    fence = shapely.Polygon(fence_corners(scenario.bounds_m))
    low, high = scenario.altitude_m
    for robot in robots:
        model = VEHICLES[robot.vehicle]
        point, room = shapely.Point(robot.position[:2]), model.radius + model.reach + CLEARANCE
        if not fence.contains(point):
            yield f"robots: '{robot.name}' is outside the fence"
        elif fence.exterior.distance(point) < room:
            yield f"robots: '{robot.name}' is {fence.exterior.distance(point):.2f} m from the fence, needs {room:.2f} m"
        for index, obstacle in enumerate(scenario.obstacles):
            distance = _shape(obstacle).distance(point)
            if distance < room and robot.position[2] < obstacle.height_m + room:
                where = "inside" if distance == 0 else f"{distance:.2f} m from"
                yield f"robots: '{robot.name}' is {where} obstacles[{index}], needs {room:.2f} m"
        if model.dims == 3 and not low <= robot.position[2] <= high:
            yield f"robots: '{robot.name}' is at {robot.position[2]:g} m, outside altitude_m [{low:g}, {high:g}]"


def _overlaps(robots: Sequence[PlacedRobot]) -> Iterator[str]:
    for first, second in itertools.combinations(robots, 2):
        pair = f"robots: '{first.name}' and '{second.name}'"
        distance = float(np.linalg.norm(first.position - second.position))
        least = separation(first.vehicle, second.vehicle)
        touching = VEHICLES[first.vehicle].radius + VEHICLES[second.vehicle].radius
        if distance < touching:
            yield f"{pair} overlap: {distance:.2f} m apart, they touch below {touching:.2f} m"
        elif distance < least:
            yield f"{pair} are {distance:.2f} m apart, must be at least {least:.2f} m"


def _shape(obstacle: Obstacle) -> shapely.Polygon:
    return shapely.Polygon(obstacle.polygon_m)
