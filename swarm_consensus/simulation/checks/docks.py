"""Docks, permits and claims: where they are, that robots fit onto them, that leases can be kept and batteries last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from math import hypot

import numpy as np
import shapely

from swarm_consensus.agreement.errors import SettingsError
from swarm_consensus.agreement.lease import LeaseSettings
from swarm_consensus.errors import nearest
from swarm_consensus.motion.obstacles import fence_corners
from swarm_consensus.robot.charging import FULL
from swarm_consensus.robot.claims import device
from swarm_consensus.robot.reserve import AWAY, SLACK, leave_s, reserve
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.fleet import battery_of
from swarm_consensus.simulation.permits import claims_of, lease_of, permits_of, ring, widest
from swarm_consensus.simulation.placement import room
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Agreement, Battery, Claims, Dock, Permits, Scenario

MOST = 256  # docks that answer claims: each names itself in one byte
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_JUDGED = ("over_places", "stale_charges", "permit_back_s", "claim_back_s", "tours_done")


def dock_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with docks, permits and claims, apart from where docks are."""
    agreement, docks, expect, claims = scenario.agreement, scenario.docks, scenario.expect, scenario.claims
    given = None if agreement is None else agreement.permits
    if expect.patrol_within_s is not None and not scenario.mission.points_m:
        yield "expect.patrol_within_s is given, but mission.points_m, which are to be visited, is missing"
    if not docks:
        for field in _JUDGED:
            if getattr(expect, field) is not None:
                yield f"expect.{field} is given, but docks, which it judges, is missing"
        if given is not None:
            yield "agreement.permits is given, but docks, for which they would be, is missing"
        if claims is not None:
            yield "claims is given, but docks, which would be claimed, is missing"
        return
    if claims is not None:
        yield from _claim_problems(scenario, claims)
    elif agreement is None:
        yield "docks is given, but agreement is missing: who may go onto a dock is decided in the log, or by claims"
    elif given is None:
        yield "docks is given, but agreement.permits is missing: who may go onto a dock is given by permits, or claims"
    if claims is None and expect.claim_back_s is not None:
        yield "expect.claim_back_s is given, but claims, which it judges, is missing"
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
        lease = lease_of(given, agreement.clock_drift, rate)
        lease.validate()
        yield from _leave_problems(scenario, "agreement.permits", given, lease)
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


def _claim_problems(scenario: Scenario, given: Claims) -> Iterator[str]:
    """Docks that arbitrate alone: nothing else decides, times fit, and each is heard wherever a robot may be."""
    agreement, rate = scenario.agreement, scenario.control.rate_hz
    if agreement is not None and agreement.permits is not None:
        yield "claims is given, and so is agreement.permits: one of them decides who may go onto a dock; leave one out"
    for field in ("permit_back_s", "tours_done"):
        if getattr(scenario.expect, field) is not None:
            yield f"expect.{field} is given, but agreement.permits, which it judges, is missing"
    if len(scenario.docks) > MOST:
        yield f"docks has {len(scenario.docks)} entries, must have at most {MOST} with claims"
    try:
        lease = lease_of(given, given.clock_drift, rate)
        lease.validate()
        yield from _leave_problems(scenario, "claims", given, lease)
    except SettingsError as error:
        for problem in error.problems:
            yield f"claims has times that can't work, in ticks of 1/{rate} s: {problem}"
    others = {*robot_names(scenario), *(operator.name for operator in scenario.operators)}
    for index, dock in enumerate(scenario.docks):
        if device(dock.name) in others:
            yield f"docks[{index}].name is {dock.name!r}, whose key {device(dock.name)!r} is a robot's or an operator's"
    if scenario.radio.walls == "block" and scenario.obstacles:
        yield "radio.walls is block, and obstacles may hide a dock from who claims it; with claims they must pass"


def _hearing_problems(scenario: Scenario) -> Iterator[str]:
    """A robot asks the dock itself, so it must be within its radio range everywhere inside the fence."""
    corners = np.array(fence_corners(scenario.bounds_m))
    high = scenario.altitude_m[1] if any(entry.vehicle == "multirotor" for entry in scenario.robots) else 0.0
    for index, dock in enumerate(scenario.docks):
        away = float(np.hypot(*(corners - dock.position_m[:2]).T).max())
        far = hypot(away, high)
        if far > scenario.radio.range_m:
            yield (
                f"docks[{index}] is up to {far:.2f} m from a robot, farther than radio.range_m, "
                f"{scenario.radio.range_m:g}: with claims robots ask it themselves; take agreement.permits"
            )


def _leave_problems(scenario: Scenario, path: str, given: Permits | Claims, lease: LeaseSettings) -> Iterator[str]:
    """A lease leaves time for going onto a dock and off it again."""
    rate, reach = scenario.control.rate_hz, max(dock.reach_m for dock in scenario.docks)
    kinds = [(VEHICLES[entry.vehicle], entry.speed_m_s) for entry in scenario.robots]
    least = max((leave_s(reach, model.reach, speed or model.speed) for model, speed in kinds), default=0.0)
    if lease.hold_ticks <= lease.renew_ticks + lease.delay_ticks + least * rate:
        used = lease.hold_ticks / rate
        yield (
            f"{path}.lease_s is {given.lease_s:g}, of which a robot may use {used:.2f} s; that must be more "
            f"than renew_s, delay_s, and the {least:.2f} s in which it leaves a dock"
        )


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
    if scenario.claims is not None:
        yield from _hearing_problems(scenario)
    if scenario.docks and scenario.battery is not None:
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
    orders, told = permits_of(scenario) or claims_of(scenario), battery_of(scenario)
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
