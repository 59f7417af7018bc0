"""Random worlds of each behaviour: obstacles between the robots and where they are to be, and who dies on the way.

Every gap is wide enough to pass, so that all arrive. Of `coverage`, whose reach links limit, only safety is expected.
"""

from __future__ import annotations

import numpy as np
import shapely
from drawing import Rng, World, base, group, one_of, up_to

GAP = 1.8  # m, between obstacles, and to the fence
AREA = (-9.0, -7.0, 9.0, 7.0)  # of `base`
START = (-8.0, -5.0, -3.5, 5.0)


def obstacles(rng: Rng, most: int) -> list[World]:
    """Draw blocks, walls, and walls with a corner, between start and goal."""
    fence = shapely.box(*AREA).exterior
    found: list[World] = []
    taken = []
    for _ in range(one_of(rng, 0, most)):
        corner = np.array([up_to(rng, 2.0, -2.0), up_to(rng, 4.0, -5.0)])
        wide, high = up_to(rng, 1.5, 0.3), up_to(rng, 4.0, 0.3)
        shape = [[0, 0], [wide, 0], [wide, high], [0, high]]
        if rng.random() < 0.3:
            shape = [[0, 0], [2.5, 0], [2.5, 0.3], [0.3, 0.3], [0.3, high + 0.6], [0, high + 0.6]]
        if rng.random() < 0.5:
            shape = [[-x, y] for x, y in shape]
        polygon = shapely.Polygon(corner + np.array(shape))
        if polygon.distance(fence) > GAP and all(polygon.distance(other) > GAP for other in taken):
            taken.append(polygon)
            corners = np.array(polygon.exterior.coords)[:-1].round(2).tolist()
            found.append({"polygon_m": corners, "height_m": up_to(rng, 4.0, 1.0)})
    return found


def moving(rng: Rng, kind: str, mission: World, *, least: int = 3, reach: tuple[float, float] = (5, 9)) -> World:
    """Return a world of rovers and multirotors that start in the west."""
    rovers, drones = one_of(rng, least, 9), one_of(rng, 0, 5)
    world = base(rng, kind, 90, reach, (0.4, 0.2))
    world["obstacles"] = obstacles(rng, 4)
    world["radio"]["walls"] = str(rng.choice(["pass", "block"]))
    world["robots"] = [group("r", rovers, START)] + ([group("d", drones, START, "multirotor")] if drones else [])
    world["mission"] = mission
    world["expect"]["connected"] = True
    return world


def mortal(rng: Rng, world: World, spared: str = "") -> World:
    """Let a rover die in every second world; nothing is promised of one network then."""
    rovers = world["robots"][0]["count"]
    name = f"r_{one_of(rng, 1, rovers)}"
    if rng.random() < 0.5 and rovers > 3 and name != spared:
        world["faults"] = [{"robot": name, "crash_s": one_of(rng, 5, 40)}]
        del world["expect"]["connected"]
    return world


def gather(rng: Rng) -> World:
    """All meet at a goal."""
    world = moving(rng, "gather", {"behaviour": "rendezvous", "goal_m": [up_to(rng, 6.5, 5), up_to(rng, 4, -4)]})
    world["expect"] |= {"arrived_within_m": 3.5, "by_s": 85}
    return world


def around(rng: Rng) -> World:
    """All meet at a goal; they start as a tree of links that are lines of sight, chains and rings about obstacles."""
    world = base(rng, "around", 150, (4, 6), (0.3, 0.2))
    world["obstacles"] = obstacles(rng, 14)
    world["radio"]["walls"] = "block"
    spots = _tree(rng, [shapely.Polygon(each["polygon_m"]) for each in world["obstacles"]], world["radio"]["range_m"])
    world["robots"] = [{"name": f"r_{i + 1}", "vehicle": "rover", "position_m": spot} for i, spot in enumerate(spots)]
    world["mission"] = {"behaviour": "rendezvous", "goal_m": [up_to(rng, 6.5, 5), up_to(rng, 4, -4)]}
    world["expect"] |= {"connected": True, "arrived_within_m": 3.5, "by_s": 145}
    return world


def _tree(rng: Rng, walls: list[shapely.Polygon], reach: float) -> list[list[float]]:
    """Draw places, each in sight of one before, mostly the last, at two thirds of the radio's range."""
    solid = shapely.union_all(walls).buffer(0.6)
    inside = shapely.box(*AREA).buffer(-0.8) - solid
    spots, most = [np.array([0.0, 6.0])], one_of(rng, 6, 14)
    for _ in range(one_of(rng, 60, 150)):
        root = spots[-1] if rng.random() < 0.8 else spots[int(rng.integers(len(spots)))]
        angle = rng.uniform(0.0, 2.0 * np.pi)
        spot = root + 0.67 * reach * np.array([np.cos(angle), np.sin(angle)])
        apart = min(float(np.linalg.norm(spot - other)) for other in spots)
        if len(spots) < most and apart > 0.5 * reach and inside.covers(shapely.LineString([root, spot])):
            spots.append(spot)
    return [spot.round(2).tolist() for spot in spots]


def formation(rng: Rng) -> World:
    """All take slots of a grid about a goal."""
    world = moving(rng, "formation", {"behaviour": "formation", "goal_m": [up_to(rng, 5.5, 5), up_to(rng, 2, -2)]})
    count = sum(each["count"] for each in world["robots"])
    columns = one_of(rng, 2, 4)
    space = up_to(rng, 1.4, 1.0)
    slots = [[round(space * (i % columns), 2), round(space * (i // columns), 2)] for i in range(count)]
    middle = np.mean(slots, axis=0)
    world["mission"]["slots_m"] = [(np.array(slot) - middle).round(2).tolist() for slot in slots]
    world["expect"] |= {"formation_error_m": 0.35, "by_s": 85}
    return world


def flocking(rng: Rng) -> World:
    """A lattice travels."""
    mission: World = {"behaviour": "flocking", "goal_m": [5, up_to(rng, 2, -2)], "spacing_m": up_to(rng, 1.6, 1.2)}
    return mortal(rng, moving(rng, "flocking", mission, reach=(6, 11)))


def coverage(rng: Rng) -> World:
    """All spread over an area."""
    return mortal(rng, moving(rng, "coverage", {"behaviour": "coverage"}, reach=(6, 14)))


def follow(rng: Rng) -> World:
    """Only the leader knows where to."""
    mission: World = {"behaviour": "follow", "leader": "r_1", "goal_m": [6, up_to(rng, 3, -3)]}
    world = mortal(rng, moving(rng, "follow", mission), "r_1")
    world["expect"] |= {"arrived_within_m": 4.5, "by_s": 85}
    return world


def informed(rng: Rng) -> World:
    """Two know where to; in every second world past a long wall, or through a gap in one."""
    mission: World = {"behaviour": "go_to", "goal_m": [6, up_to(rng, 3, -3)], "informed": ["r_1", "r_2"]}
    world = moving(rng, "informed", mission)
    if rng.random() < 0.5:
        middle, half = up_to(rng, 1, -1), up_to(rng, 1.1, 0.7)
        gap = [(-4.0, round(middle - half, 2)), (round(middle + half, 2), 4.0)]
        spans = gap if rng.random() < 0.5 else [(middle - 3, middle + 3)]
        walls = [[[-0.3, low], [0.3, low], [0.3, high], [-0.3, high]] for low, high in spans]
        world["obstacles"] = [{"polygon_m": wall, "height_m": 3.5} for wall in walls]
    world["expect"] |= {"arrived_within_m": 4.5, "by_s": 85}
    return mortal(rng, world)


def explore(rng: Rng) -> World:
    """All of the area is seen, linked to a base."""
    world = moving(rng, "explore", {"behaviour": "explore", "base": "r_1"}, least=5, reach=(15, 18))
    world["radio"]["walls"] = "pass"
    world["expect"]["explored_share"] = 0.97
    return mortal(rng, world, "r_1")


KINDS = (gather, around, formation, flocking, coverage, follow, informed, explore)
