"""Robots and groups, each by itself, and their names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.roster import names_of
from swarm_consensus.simulation.scenario import Robot, Scenario

MOST_ROBOTS = 256  # a frame names robots by one byte, and its bitmaps hold so many
LONGEST_NAME = 64  # characters; ROS topic names end at 255, and every robot's topics begin with its name
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LIKELY = 3.0  # standard deviations of noise that the tracking bound has to cover


def robot_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with each robot and group, and where two make robots of one name."""
    for index, entry in enumerate(scenario.robots):
        path = f"robots[{index}]"
        yield from _form_problems(path, entry)
        yield from _name_problems(path, entry)
        yield from _vehicle_problems(path, entry)
    yield from _roster_problems(scenario)


def _form_problems(path: str, entry: Robot) -> Iterator[str]:
    """A robot has a name and a position; a group has a name, a count and an area."""
    single = {"name": entry.name, "position_m": entry.position_m}
    group = {"group": entry.group, "count": entry.count, "spawn": entry.spawn}
    named = [key for key, value in single.items() if value is not None]
    grouped = [key for key, value in group.items() if value is not None]
    forms = "a robot has name and position_m; a group has group, count and spawn"
    if named and grouped:
        yield f"{path} has both {named[0]} and {grouped[0]}, must be one of the two: {forms}"
    elif not named and not grouped:
        yield f"{path} has neither name nor group, must be one of the two: {forms}"
    else:
        for key in (single if named else group).keys() - {*named, *grouped}:
            yield f"{path}.{key} is missing"


def _name_problems(path: str, entry: Robot) -> Iterator[str]:
    for key, name in (("name", entry.name), ("group", entry.group)):
        if name is None:
            continue
        if not _NAME.fullmatch(name):
            yield f"{path}.{key} is {name!r}, which can't be a ROS namespace; use letters, digits and _, a letter first"
        elif len(name) > LONGEST_NAME:
            yield f"{path}.{key} has {len(name)} letters, must have at most {LONGEST_NAME}"


def _vehicle_problems(path: str, entry: Robot) -> Iterator[str]:
    model = VEHICLES[entry.vehicle]
    if entry.position_m is not None and len(entry.position_m) != model.dims:
        form = "[x, y, z]" if model.dims == 3 else "[x, y]"
        yield f"{path}.position_m has {len(entry.position_m)} numbers, must be {form} for a {entry.vehicle}"
    if entry.speed_m_s is not None and entry.speed_m_s > model.speed:
        yield f"{path}.speed_m_s is {entry.speed_m_s:g}, must be at most {model.speed:g} for a {entry.vehicle}"
    noise = _LIKELY * entry.sensors.position_std_m
    if noise >= model.tracking:
        yield (
            f"{path}.sensors.position_std_m is {entry.sensors.position_std_m:g}: {_LIKELY:g} of them are {noise:g} m, "
            f"must be below the {model.tracking:g} m by which a {entry.vehicle} may stray"
        )


def _roster_problems(scenario: Scenario) -> Iterator[str]:
    if not scenario.robots:
        yield "robots is empty, must hold at least one"
    owner: dict[str, int] = {}  # entry that makes the robot of this name
    count = 0
    for index, entry in enumerate(scenario.robots):
        for name in names_of(entry):
            count += 1
            if name in owner:
                yield f"robots[{index}] makes a robot {name!r}, as robots[{owner[name]}] does already"
            owner.setdefault(name, index)
    if count > MOST_ROBOTS:
        yield f"robots has {count} robots, must have at most {MOST_ROBOTS}"
