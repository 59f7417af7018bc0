"""Numbers that must stand in some order: control and radio, times and durations."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator

from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.checks.quantities import named_problems
from swarm_consensus.simulation.placement import link_length, separation
from swarm_consensus.simulation.quantities import EXTREMES
from swarm_consensus.simulation.roster import names_of
from swarm_consensus.simulation.scenario import Scenario, Vehicle

PHYSICS_HZ = 240
_WORLD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def relation_problems(scenario: Scenario) -> Iterator[str]:
    """Say which numbers contradict each other."""
    if not _WORLD_NAME.fullmatch(scenario.name):
        yield f"name is {scenario.name!r}, must be up to 64 letters, digits, _ and -: run folders are called after it"
    yield from _control_problems(scenario)
    yield from _radio_problems(scenario)
    yield from _partition_problems(scenario)
    yield from _fault_problems(scenario)
    yield from _expect_problems(scenario)


def _control_problems(scenario: Scenario) -> Iterator[str]:
    control = scenario.control
    period = 1.0 / control.rate_hz
    if PHYSICS_HZ % control.rate_hz:
        yield f"control.rate_hz is {control.rate_hz}, must divide the physics' {PHYSICS_HZ}"
    if control.gain_1_s > control.rate_hz:
        yield f"control.gain_1_s is {control.gain_1_s:g}, must be at most rate_hz, which is {control.rate_hz}"
    if control.max_age_s >= control.lost_after_s:
        lost = f"lost_after_s, which is {control.lost_after_s:g}"
        yield f"control.max_age_s is {control.max_age_s:g}, must be below {lost}"
    if control.max_age_s <= period:
        yield f"control.max_age_s is {control.max_age_s:g}, must be above 1 / rate_hz, which is {period:g}"
    if scenario.duration_s < period:
        yield f"duration_s is {scenario.duration_s:g}, must be at least 1 / control.rate_hz, which is {period:g}"


def _radio_problems(scenario: Scenario) -> Iterator[str]:
    """Links that can be kept at all: news come in time, and bodies keep apart within range."""
    radio, control = scenario.radio, scenario.control
    pairs = _vehicle_pairs(scenario)
    if pairs and radio.delay_s >= control.max_age_s:
        yield (
            f"radio.delay_s is {radio.delay_s:g}, must be below control.max_age_s, which is {control.max_age_s:g}: "
            "no robot moves on older news of a neighbour"
        )
    if control.margin_m >= radio.range_m:
        yield f"control.margin_m is {control.margin_m:g}, must be below radio.range_m, which is {radio.range_m:g}"
        return
    for first, second in pairs:
        reach = VEHICLES[first].reach + VEHICLES[second].reach
        longest = link_length(scenario, first, second)
        least = separation(first, second)
        if least >= longest:
            yield (
                f"radio.range_m is {radio.range_m:g}: a {first} and a {second} keep at least {least:.2f} m apart, "
                "which must be below the longest link, range_m - margin_m - tracking = "
                f"{radio.range_m:g} - {control.margin_m:g} - {reach:.2f} = {longest:.2f} m"
            )


def _vehicle_pairs(scenario: Scenario) -> list[tuple[Vehicle, Vehicle]]:
    """Return the kinds of vehicles of which two can meet."""
    kinds = sorted(entry.vehicle for entry in scenario.robots for _ in names_of(entry)[:2])
    return sorted(set(itertools.combinations(kinds, 2)))


def _partition_problems(scenario: Scenario) -> Iterator[str]:
    for index, partition in enumerate(scenario.radio.partitions):
        path = f"radio.partitions[{index}]"
        if partition.until_s <= partition.from_s:
            yield f"{path}.until_s is {partition.until_s:g}, must be after from_s, which is {partition.from_s:g}"
        if partition.from_s >= scenario.duration_s:
            yield f"{path}.from_s is {partition.from_s:g}, must be before duration_s, which is {scenario.duration_s:g}"
        if not partition.groups:
            yield f"{path}.groups is empty, must hold at least one: it parts that group from all others"


def _fault_problems(scenario: Scenario) -> Iterator[str]:
    back: dict[str, float] = {}  # when each robot is on again after its faults so far
    for index, fault in sorted(enumerate(scenario.faults), key=lambda pair: pair[1].crash_s):
        path = f"faults[{index}]"
        if fault.restart_s is not None and fault.restart_s <= fault.crash_s:
            yield f"{path}.restart_s is {fault.restart_s:g}, must be after crash_s, which is {fault.crash_s:g}"
        if fault.crash_s >= scenario.duration_s:
            yield f"{path}.crash_s is {fault.crash_s:g}, must be before duration_s, which is {scenario.duration_s:g}"
        if fault.crash_s < back.get(fault.robot, 0.0):
            yield f"{path}.crash_s is {fault.crash_s:g}, while {fault.robot!r} is still off from an earlier crash"
        back[fault.robot] = math.inf if fault.restart_s is None else fault.restart_s


def _expect_problems(scenario: Scenario) -> Iterator[str]:
    expect = scenario.expect
    if expect.by_s is not None and expect.by_s > scenario.duration_s:
        yield f"expect.by_s is {expect.by_s:g}, must be at most duration_s, which is {scenario.duration_s:g}"
    values = {"agreed_within": expect.agreed_within, "apart_by": expect.apart_by, "mean_within": expect.mean_within}
    others = (expect.formation_error_m, expect.decided_alike, expect.met_within_m)
    judged = (expect.arrived_within_m, *others, *(bounds or None for bounds in values.values()))
    if expect.by_s is not None and all(each is None for each in judged):
        yield "expect.by_s says by when, but expect.arrived_within_m is missing"
    for field, bounds in (*values.items(), ("honest_range", expect.honest_range)):
        for name in bounds:
            yield from named_problems(f"expect.{field}", name, scenario)
    for quantity in scenario.quantities:
        if quantity.name in expect.mean_within and quantity.law in EXTREMES:
            yield f"expect.mean_within has {quantity.name!r}, whose law {quantity.law} comes to no mean"
    if expect.formation_error_m is not None and not scenario.mission.slots_m:
        yield "expect.formation_error_m is given, but mission.slots_m, the formation, is missing"
