"""Docks and permits: where they are, that robots fit onto them, that leases can be kept and batteries last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from math import hypot

import numpy as np
import shapely

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.errors import nearest
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.robot.charging import AWAY, FULL, SLACK, reserve
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.fleet import battery_of
from swarm_consensus.simulation.permits import lease_of, permits_of, ring, widest
from swarm_consensus.simulation.placement import room
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Agreement, Battery, Dock, Permits, Scenario

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_JUDGED = ("over_places", "stale_charges", "permit_back_s", "tours_done")


def dock_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with docks and permits, apart from where docks are."""
    agreement, docks, expect = scenario.agreement, scenario.docks, scenario.expect
    given = None if agreement is None else agreement.permits
    if expect.patrol_within_s is not None and not scenario.mission.points_m:
        yield "expect.patrol_within_s is given, but mission.points_m, which are to be visited, is missing"
    if not docks:
        for field in _JUDGED:
            if getattr(expect, field) is not None:
                yield f"expect.{field} is given, but docks, which it judges, is missing"
        if given is not None:
            yield "agreement.permits is given, but docks, for which they would be, is missing"
        return
    if agreement is None:
        yield "docks is given, but agreement is missing: who may go onto a dock is decided in the log"
    elif given is None:
        yield "docks is given, but agreement.permits is missing: who may go onto a dock is decided by permits"
    if scenario.battery is None:
        yield "docks is given, but battery, which is charged there, is missing"
    yield from _form_problems(docks)
    if agreement is not None and given is not None:
        yield from _permit_problems(scenario, agreement, given)


def _form_problems(docks: list[Dock]) -> Iterator[str]:
    names = [dock.name for dock in docks]
    for index, dock in enumerate(docks):
        path = f"docks[{index}]"
        if not _NAME.fullmatch(dock.name):
            yield f"{path}.name is {dock.name!r}, must be up to 32 lower-case letters, digits and _, a letter first"
        if names.index(dock.name) != index:
            yield f"{path}.name is {dock.name!r}, which docks[{names.index(dock.name)}] has already"
        if len(dock.position_m) != 2:
            yield f"{path}.position_m has {len(dock.position_m)} numbers, must be [x, y]"


def _permit_problems(scenario: Scenario, agreement: Agreement, given: Permits) -> Iterator[str]:
    places = [dock.places for dock in scenario.docks]
    most = min(places) if given.per == "dock" else sum(places)
    if given.count is not None and given.count > most:
        yield f"agreement.permits.count is {given.count}, must be at most {most}: there are no more places for them"
    rate = scenario.control.rate_hz
    try:
        lease_of(given, agreement, rate).validate()
    except SettingsError as error:
        for problem in error.problems:
            yield f"agreement.permits has times that can't work, in ticks of 1/{rate} s: {problem}"
    if scenario.expect.tours_done is not None and not given.tours:
        yield "expect.tours_done is given, but agreement.permits.tours is missing: there is nothing to be done"
    queues, robots = [dock.name for dock in scenario.docks], robot_names(scenario)
    for robot, tour in given.tours.items():
        path = f"agreement.permits.tours.{robot}"
        if given.per == "swarm":
            yield f"{path} is given, but agreement.permits.per is swarm: docks are not asked for one by one"
        if robot not in robots:
            yield f"{path} is given, but there is no such robot{nearest(robot, robots)}"
        for name in tour:
            if name not in queues:
                yield f"{path} has {name!r}, there is no such dock{nearest(name, queues)}"
        if len(set(tour)) < len(tour):
            yield f"{path} has a dock twice, must have each once"


def dock_place_problems(scenario: Scenario) -> Iterator[str]:
    """Say which docks are not where robots can be on them, in sound shapes."""
    for index, dock in enumerate(scenario.docks):
        yield from _place_problems(scenario, f"docks[{index}]", dock)
    reach = _reach(scenario)
    for (i, first), (j, second) in combinations(enumerate(scenario.docks), 2):
        gap = hypot(*(a - b for a, b in zip(first.position_m, second.position_m, strict=True)))
        least = first.reach_m + second.reach_m + 2.0 * (reach + SLACK + AWAY)
        if gap < least:
            yield f"docks[{i}] and [{j}] are {gap:.2f} m apart, must be {least:.2f}: one is left beside the other"
    if scenario.battery is not None:
        yield from _reserve_problems(scenario, scenario.battery)


def _reach(scenario: Scenario) -> float:
    return max(VEHICLES[entry.vehicle].reach for entry in scenario.robots)


def _place_problems(scenario: Scenario, path: str, dock: Dock) -> Iterator[str]:
    """A dock is free of walls, holds its robots, and can be left."""
    fence = shapely.Polygon(fence_corners(scenario.bounds_m))
    middle, walls = shapely.Point(dock.position_m), [shapely.Polygon(each.polygon_m) for each in scenario.obstacles]
    if not fence.contains(middle):
        yield f"{path}.position_m is {dock.position_m}, outside the fence"
        return
    inside = next((number for number, wall in enumerate(walls) if wall.intersects(middle)), None)
    if inside is not None:
        yield f"{path}.position_m is {dock.position_m}, inside obstacles[{inside}]"
        return
    apart, reach = widest(scenario) + 0.1, _reach(scenario)
    radius, clear = ring(dock.places, apart), max(room(entry.vehicle) for entry in scenario.robots)
    if radius + reach + SLACK > dock.reach_m:
        yield (
            f"{path}.reach_m is {dock.reach_m:g}, must be at least {radius + reach + SLACK:.2f}: as far away are "
            f"{dock.places} robots that keep {apart:.2f} m apart"
        )
    radius = max(radius, 0.0 if dock.places == 1 else dock.reach_m - reach - SLACK)
    gap = min([fence.exterior.distance(middle), *(wall.distance(middle) for wall in walls)])
    if gap < radius + clear:
        yield f"{path} is {gap:.2f} m from a wall or the fence, must be {radius + clear:.2f}: its places need that"
        return
    free = fence.buffer(-clear).difference(shapely.union_all([wall.buffer(clear) for wall in walls]))
    edge = middle.buffer(dock.reach_m + reach + SLACK + AWAY).exterior
    if edge.intersection(free).length <= 0.0:
        yield f"{path} has no way out: walls or the fence are nearer than its reach on all sides"


def _reserve_problems(scenario: Scenario, battery: Battery) -> Iterator[str]:
    """The charge at which a robot asks for a permit must be less than what it has after charging."""
    orders, told = permits_of(scenario), battery_of(scenario)
    assert orders is not None
    assert told is not None
    weakest = min(min(dock.power_w, battery.charge_w) for dock in scenario.docks)
    if weakest <= battery.idle_w:
        yield f"docks give {weakest:g} W to a robot that drains {battery.idle_w:g} W (battery.idle_w), must give more"
        return
    corners = np.array(fence_corners(scenario.bounds_m))
    away = max(float(np.hypot(*(corners - dock.position).T).max()) for dock in orders.docks)
    control = scenario.control
    frozen = control.lost_after_s + control.max_age_s + orders.lease.lease_ticks / control.rate_hz
    speed = min(entry.speed_m_s or VEHICLES[entry.vehicle].speed for entry in scenario.robots)
    least = reserve(told, orders.docks, len(robot_names(scenario)), speed, away, frozen)
    if least >= FULL * battery.capacity_j:
        yield (
            f"battery.capacity_j is {battery.capacity_j:g}: a robot would ask for a permit at {least:.0f} J, which it "
            f"needs for the way and the wait where all others are before it, and leaves a dock at {FULL:.0%}"
        )
