"""Polygons that bound something, the altitude band, and goals that can be reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import shapely

from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.scenario import Point, Scenario


def shape_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the fence, the obstacles, the spawn areas and the altitude band."""
    if len(scenario.bounds_m) == 2:
        yield from _corner_problems("bounds_m", scenario.bounds_m)
    else:
        yield from _polygon_problems("bounds_m", scenario.bounds_m, " (or 2 opposite ones)")
    for index, obstacle in enumerate(scenario.obstacles):
        yield from _polygon_problems(f"obstacles[{index}].polygon_m", obstacle.polygon_m)
    for index, robot in enumerate(scenario.robots):
        if robot.spawn is not None:
            yield from _polygon_problems(f"robots[{index}].spawn.polygon_m", robot.spawn.polygon_m)
    yield from _altitude_problems(scenario)


def _corner_problems(path: str, corners: Sequence[Point]) -> Iterator[str]:
    if any(len(corner) != 2 for corner in corners):
        yield f"{path} has a corner that is not [x, y]"
        return
    (west, south), (east, north) = corners
    if not (west < east and south < north):
        yield f"{path} has the corners {corners[0]} and {corners[1]}, the first must be south-west of the second"


def _polygon_problems(path: str, corners: Sequence[Point], otherwise: str = "") -> Iterator[str]:
    if any(len(corner) != 2 for corner in corners):
        yield f"{path} has a corner that is not [x, y]"
        return
    if len(corners) < 3:
        yield f"{path} has {len(corners)} corners, must have at least 3{otherwise}"
        return
    shape = shapely.Polygon(corners)
    if shape.convex_hull.area <= 0:
        yield f"{path} has no area: its corners lie on one line"
    elif not shape.is_valid:
        yield f"{path} must not cross or touch itself: {shapely.is_valid_reason(shape)}"


def _altitude_problems(scenario: Scenario) -> Iterator[str]:
    low, high = scenario.altitude_m
    model = VEHICLES["multirotor"]
    if not low < high:
        yield f"altitude_m is [{low:g}, {high:g}], the first must be below the second"
    elif high - low < 2 * model.reach:
        yield f"altitude_m is {high - low:g} m high, a multirotor strays by up to {model.reach:g} m either way"
    if low < model.radius:
        yield f"altitude_m begins at {low:g}, must be at least {model.radius:g}, the radius of a multirotor"


def goal_problems(scenario: Scenario) -> Iterator[str]:
    """Say which goals can't be reached in sound shapes."""
    mission = scenario.mission
    goals = {f"mission.goals_m.{name}": goal for name, goal in mission.goals_m.items()}
    if mission.goal_m is not None:
        goals["mission.goal_m"] = mission.goal_m
        for index, slot in enumerate(mission.slots_m):
            goals[f"mission.goal_m + slots_m[{index}]"] = _sum(mission.goal_m, slot)
    goals |= {f"mission.points_m[{index}]": point for index, point in enumerate(mission.points_m)}
    for path, goal in goals.items():
        yield from _goal_problems(scenario, path, goal)


def _sum(goal: Point, slot: Point) -> Point:
    """A place of a formation; without an altitude in the goal, one in the slot is from where a robot starts."""
    return [a + b for a, b in zip(goal, [*slot, 0.0], strict=False)]


def _goal_problems(scenario: Scenario, path: str, goal: Point) -> Iterator[str]:
    if len(goal) not in (2, 3):
        yield f"{path} has {len(goal)} numbers, must be [x, y] or [x, y, z]"
        return
    point = shapely.Point(goal[:2])
    if not shapely.Polygon(fence_corners(scenario.bounds_m)).contains(point):
        yield f"{path} is {goal}, outside the fence"
    for index, obstacle in enumerate(scenario.obstacles):
        above = len(goal) == 3 and goal[2] > obstacle.height_m
        if not above and shapely.Polygon(obstacle.polygon_m).contains(point):
            yield f"{path} is {goal}, inside obstacles[{index}]"
    low, high = scenario.altitude_m
    if len(goal) == 3 and not low <= goal[2] <= high:
        yield f"{path} is {goal}, outside altitude_m [{low:g}, {high:g}]"
