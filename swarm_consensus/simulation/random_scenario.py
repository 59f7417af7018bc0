"""Random scenarios that are valid by construction: connected starts, any radio, outages, obstacles, goals.

Safety is claimed for every scenario that passes the checks, so it is tested on scenarios nobody chose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely

from swarm_consensus.arrays import Array
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.motion.sight import STRAY, Sight
from swarm_consensus.robot.vehicle import VEHICLES, VehicleModel
from swarm_consensus.simulation.placement import NOISE
from swarm_consensus.simulation.scenario import (
    Control,
    Expect,
    Fault,
    Mission,
    Obstacle,
    Partition,
    Radio,
    Robot,
    Scenario,
    Vehicle,
)

_SIDE = 24.0  # m, of the square world
_ALTITUDE = (0.3, 6.0)  # m
_TRIES = 2000


@dataclass(frozen=True, slots=True)
class Hardship:
    """How bad it may get; each scenario draws its own values up to these."""

    robots: tuple[int, int] = (3, 20)  # each doubling of the number is as likely: small networks break sooner
    loss: float = 0.5
    delay: float = 0.3  # s
    jitter: float = 0.1  # s
    outages: int = 4  # robots that nobody hears, and that hear nobody, for a while
    outage: float = 2.0  # s, at the longest: of two neighbours on end, and some lost beacons, less than `lost_after_s`
    split: float = 0.0  # s, at the longest, for which the swarm falls into two parts
    obstacles: int = 5
    walls: Literal["pass", "block"] = "pass"
    duration: float = 15.0  # s
    deaths: int = (
        0  # rovers that die, of which every second comes back; a majority lives. A falling drone hits what it hits
    )


def random_scenario(rng: np.random.Generator, hardship: Hardship | None = None) -> Scenario:
    """Draw a scenario.

    Parameters
    ----------
    rng
        All that is random comes from it.
    hardship
        Bounds of what is drawn; None: those of the class.

    Returns
    -------
    Scenario
        Valid, its start connected.
    """
    hard = hardship or Hardship()
    fewest, most = hard.robots
    count = int(fewest * ((most + 1) / fewest) ** rng.random())
    radio = _radio(rng, hard, count)
    obstacles = [_obstacle(rng) for _ in range(int(rng.integers(0, hard.obstacles + 1)))]
    kinds = _kinds(rng, count)
    control = Control()
    walls = shapely.union_all([shapely.Polygon(obstacle.polygon_m) for obstacle in obstacles])
    blocking = obstacles if hard.walls == "block" else []
    sight = Sight([Prism(np.array(wall.polygon_m), wall.height_m) for wall in blocking])
    positions = _connected_start(rng, kinds, radio.range_m - control.margin_m, walls, sight)
    robots = [
        Robot(vehicle=kind, name=f"robot_{i + 1}", position_m=_spelled(kind, position))
        for i, (kind, position) in enumerate(zip(kinds, positions, strict=True))
    ]
    return Scenario(
        file_version=1,
        name="random",
        bounds_m=[[-_SIDE / 2, -_SIDE / 2], [_SIDE / 2, _SIDE / 2]],
        altitude_m=_ALTITUDE,
        obstacles=obstacles,
        radio=radio,
        robots=robots,
        control=control,
        mission=_mission(rng, robots, walls),
        faults=_deaths(rng, hard, kinds),
        expect=Expect(
            connected=True if hard.split < control.lost_after_s and not hard.deaths else None,
            links_kept=True,
            contacts=0,
            inside_fence=True,
        ),
        duration_s=hard.duration,
    )


def _radio(rng: np.random.Generator, hard: Hardship, count: int) -> Radio:
    outages = []
    # each robot once at most, so that no link is out more than twice on end
    for robot in rng.permutation(count)[: int(rng.integers(0, hard.outages + 1))].tolist():
        start = round(float(rng.uniform(0.0, 0.8 * hard.duration)), 3)
        length = float(rng.uniform(0.1, hard.outage))
        outages.append(Partition(from_s=start, until_s=round(start + length, 3), groups=[[f"robot_{robot + 1}"]]))
    if hard.split:
        start = round(float(rng.uniform(0.0, 0.3 * hard.duration)), 3)
        half = [f"robot_{index + 1}" for index in np.flatnonzero(rng.random(count) < 0.5)]
        until = round(start + float(rng.uniform(0.5, 1.0)) * hard.split, 3)
        outages.append(Partition(from_s=start, until_s=until, groups=[half or ["robot_1"]]))
    return Radio(
        walls=hard.walls,
        range_m=round(float(rng.uniform(3.0, 8.0)), 3),
        loss=round(float(rng.uniform(0.0, hard.loss)), 3),
        delay_s=round(float(rng.uniform(0.0, hard.delay)), 3),
        jitter_s=round(float(rng.uniform(0.0, hard.jitter)), 3),
        duplicate=round(float(rng.uniform(0.0, 0.2)), 3),
        reorder=round(float(rng.uniform(0.0, 0.2)), 3),
        partitions=outages,
    )


def _deaths(rng: np.random.Generator, hard: Hardship, kinds: list[Vehicle]) -> list[Fault]:
    """Who dies when, and comes back soon, late, or not at all."""
    rovers = [index for index, kind in enumerate(kinds) if kind == "rover"]
    most = min(hard.deaths, (len(kinds) - 1) // 2, len(rovers))
    if not most:
        return []
    faults = []
    for robot in rng.permutation(rovers)[: int(rng.integers(1, most + 1))].tolist():
        crash = round(float(rng.uniform(0.0, 0.6 * hard.duration)), 3)
        back = round(crash + float(rng.uniform(0.5, 0.5 * hard.duration)), 3)
        faults.append(Fault(robot=f"robot_{robot + 1}", crash_s=crash, restart_s=back if rng.random() < 0.5 else None))
    return faults


def _kinds(rng: np.random.Generator, count: int) -> list[Vehicle]:
    share = rng.choice([0.0, 1.0, 0.5])
    return ["multirotor" if draw < share else "rover" for draw in rng.random(count)]


def _obstacle(rng: np.random.Generator) -> Obstacle:
    """A triangle to hexagon, or an L, somewhere."""
    centre = rng.uniform(-_SIDE / 2, _SIDE / 2, 2)
    size = rng.uniform(0.3, 1.5)
    if rng.random() < 0.3:
        corners = np.array([[0, 0], [2, 0], [2, 0.5], [0.5, 0.5], [0.5, 2], [0, 2]]) - 0.8
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi / 3, 3) + np.arange(3) * 2 * np.pi / 3)
        corners = np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    polygon = np.round(centre + size * corners, 3)
    return Obstacle(polygon_m=polygon.tolist(), height_m=round(float(rng.uniform(1.0, 4.0)), 3))


def _connected_start(
    rng: np.random.Generator, kinds: list[Vehicle], link: float, walls: shapely.Geometry, sight: Sight
) -> list[Array]:
    """Grow the swarm robot by robot, each within link range and sight of one that stands and clear of all."""
    models = [VEHICLES[kind] for kind in kinds]
    placed: list[Array] = []
    while len(placed) < len(kinds):
        model = models[len(placed)]
        for _ in range(_TRIES):
            position, anchor = _candidate(rng, model, models, placed, link)
            in_sight = _in_sight(position, placed[anchor : anchor + 1], sight)
            if in_sight and _clear(position, model, models, placed, walls):
                placed.append(position)
                break
        else:
            placed.clear()  # walled in: begin anew
    return placed


def _candidate(
    rng: np.random.Generator, model: VehicleModel, models: list[VehicleModel], placed: list[Array], link: float
) -> tuple[Array, int]:
    height = rng.uniform(_ALTITUDE[0] + model.reach, 3.0) if model.dims == 3 else model.height
    if not placed:
        x, y = rng.uniform(-_SIDE / 2, _SIDE / 2, 2)
        return np.round(np.array([x, y, height]), 3), 0
    anchor = int(rng.integers(len(placed)))
    reach = link - model.reach - models[anchor].reach - abs(model.lookahead - models[anchor].lookahead) - 1e-2
    height = min(height, placed[anchor][2] + 0.7 * reach)
    across = np.sqrt(max(reach**2 - (height - placed[anchor][2]) ** 2, 0.0)) * np.sqrt(rng.random())
    angle = rng.uniform(0, 2 * np.pi)
    x, y = placed[anchor][:2] + across * np.array([np.cos(angle), np.sin(angle)])
    return np.round(np.array([x, y, height]), 3), anchor


def _in_sight(position: Array, anchors: list[Array], sight: Sight) -> bool:
    """Clear of walls that block by what any start keeps, and by what a rover's steered point lies ahead of it."""
    room = max(model.reach + model.lookahead for model in VEHICLES.values()) + NOISE + STRAY
    return all(bool(sight.surely(position, anchor[None], np.zeros(1), np.array([room]))[0]) for anchor in anchors)


def _clear(
    position: Array, model: VehicleModel, models: list[VehicleModel], placed: list[Array], walls: shapely.Geometry
) -> bool:
    around = model.radius + model.reach + model.lookahead + 0.03
    if np.abs(position[:2]).max() > _SIDE / 2 - around:
        return False
    if not walls.is_empty and walls.distance(shapely.Point(position[:2])) < around:
        return False
    return all(
        np.linalg.norm(position - other) - abs(model.lookahead - theirs.lookahead) - 0.01
        > model.radius + model.reach + theirs.radius + theirs.reach
        for other, theirs in zip(placed, models, strict=False)
    )


def _spelled(kind: Vehicle, position: Array) -> list[float]:
    return [float(value) for value in (position if kind == "multirotor" else position[:2])]


def _mission(rng: np.random.Generator, robots: list[Robot], walls: shapely.Geometry) -> Mission:
    def free_point() -> list[float]:
        while True:
            point = np.round(rng.uniform(-_SIDE / 2 + 1, _SIDE / 2 - 1, 2), 3)
            if walls.is_empty or walls.distance(shapely.Point(point)) > 0.7:
                return [float(value) for value in point]

    kind = rng.choice(["goal", "middle", "own goals"])
    if kind == "goal":
        return Mission(behaviour="rendezvous", goal_m=free_point())
    if kind == "middle":
        return Mission(behaviour="rendezvous")
    return Mission(behaviour="go_to", goals_m={str(robot.name): free_point() for robot in robots})
