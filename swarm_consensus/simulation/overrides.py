"""Changes to a scenario that the command line may ask for: another number of robots, another duration."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from swarm_consensus.errors import InputError
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.scenario import LARGEST, Robot, Scenario


def with_robots(scenario: Scenario, count: int) -> Scenario:
    """Return the scenario with so many robots: groups grow or shrink in proportion, robots named singly stay.

    Raises
    ------
    InputError
        If there is no group to change, fewer robots are asked for than can be, or what is left is inconsistent (a
        fault that names a robot that is gone, say).
    """
    groups = [robot for robot in scenario.robots if robot.group is not None]
    singles = len(scenario.robots) - len(groups)
    if not groups:
        if count == singles:
            return scenario
        raise InputError([f"--robots is {count}, but this world names its {singles} robots one by one"])
    if count < singles + len(groups):
        raise InputError([f"--robots is {count}, must be at least {singles + len(groups)} in this world"])
    shares = iter(_shares([robot.count or 1 for robot in groups], count - singles))
    robots: list[Robot] = [
        robot if robot.group is None else msgspec.structs.replace(robot, count=next(shares))
        for robot in scenario.robots
    ]
    return _checked(msgspec.structs.replace(scenario, robots=robots), f"--robots {count}")


def with_duration(scenario: Scenario, duration: float) -> Scenario:
    """Return the scenario with another duration.

    What it expects by a later time is expected at the end; faults, partitions and commands that would come later never
    do.

    Raises
    ------
    InputError
        If the duration is shorter than a tick, or no duration at all.
    """
    least = 1.0 / scenario.control.rate_hz
    if not least <= duration <= LARGEST:
        raise InputError([f"--duration is {duration:g}, must be between {least:g} and {LARGEST:.7g} seconds"])
    expect, radio = scenario.expect, scenario.radio
    times = {"by_s": expect.by_s, "active_by_s": expect.active_by_s}
    late = {field: float(duration) for field, time in times.items() if time is not None and time > duration}
    expect = msgspec.structs.replace(expect, **late)
    partitions = [partition for partition in radio.partitions if partition.from_s < duration]
    return msgspec.structs.replace(
        scenario,
        duration_s=float(duration),
        expect=expect,
        radio=msgspec.structs.replace(radio, partitions=partitions),
        faults=[fault for fault in scenario.faults if fault.crash_s < duration],
        commands=[command for command in scenario.commands if command.at_s < duration],
    )


def _shares(counts: Sequence[int], total: int) -> list[int]:
    """Split a total in proportion, each part at least one, by the largest remainder."""
    whole = sum(counts)
    shares = [total * count // whole for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda i: -(total * counts[i] % whole))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    while 0 in shares:
        shares[shares.index(max(shares))] -= 1
        shares[shares.index(0)] += 1
    return shares


def _checked(scenario: Scenario, source: str) -> Scenario:
    problems = check(scenario)
    if problems:
        raise InputError(f"{source}: {problem}" for problem in problems)
    return scenario
