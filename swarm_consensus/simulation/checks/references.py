"""Names in the file that stand for robots or behaviours defined elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from swarm_consensus.errors import nearest
from swarm_consensus.simulation.roster import group_of, members, robot_names
from swarm_consensus.simulation.scenario import Scenario


def reference_problems(scenario: Scenario) -> Iterator[str]:
    """Say which names stand for nothing, or for two things."""
    names = robot_names(scenario)
    for index, fault in enumerate(scenario.faults):
        if fault.robot not in names:
            yield f"faults[{index}].robot is {fault.robot!r}, there is no such robot{nearest(fault.robot, names)}"
    for index, partition in enumerate(scenario.radio.partitions):
        yield from _partition_problems(f"radio.partitions[{index}].groups", partition.groups, names)


def _partition_problems(path: str, groups: Sequence[Sequence[str]], names: Sequence[str]) -> Iterator[str]:
    place: dict[str, int] = {}  # group that each robot is in
    for number, labels in enumerate(groups):
        here = f"{path}[{number}]"
        if not labels:
            yield f"{here} is empty, must name at least one robot"
        for label in labels:
            yield from label_problems(here, label, names)
            for name in members(label, names):
                if name in place:
                    yield f"{here} has '{name}', which {path}[{place[name]}] has already"
                place.setdefault(name, number)


def label_problems(path: str, label: str, names: Sequence[str]) -> Iterator[str]:
    """A label must stand for a robot or for a group."""
    groups = {group_of(name): None for name in names if group_of(name)}
    if label in names and label in groups:
        yield f"{path} has '{label}', which is both a robot and the group of '{label}_1' and others"
    elif label not in names and label not in groups:
        yield f"{path} has {label!r}, there is no such robot or group{nearest(label, [*names, *groups])}"
