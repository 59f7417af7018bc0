"""The names of a scenario's robots, and which of them a name in the file stands for."""

from __future__ import annotations

from collections.abc import Sequence

from swarm_consensus.simulation.scenario import Robot, Scenario


def names_of(entry: Robot) -> list[str]:
    """Return the names of the robots that one entry of ``robots`` makes: its own, or group_1, group_2, ..."""
    if entry.group is not None:
        return [f"{entry.group}_{number}" for number in range(1, (entry.count or 0) + 1)]
    return [] if entry.name is None else [entry.name]


def robot_names(scenario: Scenario) -> list[str]:
    """Return the names of all robots, in the order of the roster."""
    return [name for entry in scenario.robots for name in names_of(entry)]


def group_of(name: str) -> str:
    """Return the group that a robot's name puts it in: 'rover' for 'rover_3', '' for a name without a number.

    The name alone decides, so that a placed scenario, which spells every robot out, means the same as the original.

    Examples
    --------
    >>> group_of("left_rover_3"), group_of("rover_west")
    ('left_rover', '')
    """
    group, _, number = name.rpartition("_")
    return group if number.isdecimal() else ""


def members(label: str, names: Sequence[str]) -> list[str]:
    """Return the robots that a label stands for: the robot of that name and the group of that name, or none."""
    return [name for name in names if label in (name, group_of(name))]
