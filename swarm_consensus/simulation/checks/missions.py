"""The mission: that its behaviour exists, has what it needs, and is given nothing that it does not read."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import msgspec

from swarm_consensus.errors import nearest
from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.simulation.checks.references import label_problems
from swarm_consensus.simulation.placement import link_length, separation
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Mission, Scenario

READS = {  # fields that each behaviour reads; of one that is not listed, anything is accepted
    "coverage": {"density"},
    "explore": {"base"},
    "flocking": {"goal_m", "spacing_m"},
    "follow": {"goal_m", "leader"},
    "formation": {"goal_m", "slots_m"},
    "go_to": {"goal_m", "goals_m", "informed"},
    "patrol": {"points_m"},
    "rendezvous": {"agreed_goal", "goal_m"},
    "seek": {"agreed_goal", "goal_m", "spread_s"},
}
ANY = {"agreed_speed"}  # fields that all behaviours read
NEEDS = {  # fields without which a behaviour makes no sense
    "explore": {"base": "the robot that stays, and to which the others keep a way"},
    "follow": {"leader": "the robot that the others follow", "goal_m": "where the leader goes"},
    "formation": {"slots_m": "a place for each robot"},
    "patrol": {"points_m": "the points that are visited in turn"},
    "seek": {"agreed_goal": "the map whose peak it gathers at", "spread_s": "for so long it measures before"},
}


def mission_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the mission, apart from where its goals are."""
    mission, names = scenario.mission, robot_names(scenario)
    if mission.behaviour not in BEHAVIOURS:
        hint = nearest(mission.behaviour, BEHAVIOURS)
        yield f"mission.behaviour is {mission.behaviour!r}, must be one of {', '.join(sorted(BEHAVIOURS))}{hint}"
        return
    yield from _field_problems(mission)
    for label in mission.goals_m:
        yield from label_problems("mission.goals_m", label, names)
    for label in mission.informed:
        yield from label_problems("mission.informed", label, names)
    if mission.behaviour == "go_to" and mission.goal_m is None and not mission.goals_m:
        yield "mission.goal_m is missing: go_to needs goal_m, or goals_m for some robots"
    for field, name in (("leader", mission.leader), ("base", mission.base)):
        if name is not None and name not in names:
            yield f"mission.{field} is {name!r}, there is no such robot{nearest(name, names)}"
    yield from _slot_problems(scenario, names)
    yield from _spacing_problems(scenario)
    for index, peak in enumerate(mission.density):
        if len(peak.at_m) != 2:
            yield f"mission.density[{index}].at_m has {len(peak.at_m)} numbers, must be [x, y]"


def _field_problems(mission: Mission) -> Iterator[str]:
    """Name the fields that are missing, and those that mean nothing here."""
    fields = {field.name: field.default for field in msgspec.structs.fields(Mission) if field.name != "behaviour"}
    given = {name for name in fields if getattr(mission, name) not in (None, [], {})}
    for name, meaning in NEEDS.get(mission.behaviour, {}).items():
        if name not in given:
            yield f"mission.{name} is missing: {mission.behaviour} needs it, {meaning}"
    for name in sorted(given - ANY - READS.get(mission.behaviour, given)):
        readers = " and ".join(sorted(reader for reader, read in READS.items() if name in read))
        yield f"mission.{name} is given, but {mission.behaviour} does not read it; {readers} would"


def _spacing_problems(scenario: Scenario) -> Iterator[str]:
    """A lattice of a flock lies between what bodies allow and what links allow."""
    spacing = scenario.mission.spacing_m
    if spacing is None:
        return
    kinds = sorted({entry.vehicle for entry in scenario.robots})
    for first, second in itertools.combinations_with_replacement(kinds, 2):
        least, longest = separation(first, second), link_length(scenario, first, second)
        if not least < spacing < longest:
            yield (
                f"mission.spacing_m is {spacing:g}, must be above the {least:.2f} m that a {first} and a {second} keep "
                f"apart, and below the {longest:.2f} m of their longest link"
            )


def _slot_problems(scenario: Scenario, names: Sequence[str]) -> Iterator[str]:
    slots = scenario.mission.slots_m
    if slots and len(slots) != len(names):
        yield f"mission.slots_m has {len(slots)} places for {len(names)} robots, must have one for each"
    for index, slot in enumerate(slots):
        if len(slot) not in (2, 3):
            yield f"mission.slots_m[{index}] has {len(slot)} numbers, must be [x, y] or [x, y, z]"
            return
    kinds = {entry.vehicle for entry in scenario.robots}
    least = max((separation(first, second) for first in kinds for second in kinds), default=0.0)
    for (i, first), (j, second) in itertools.combinations(enumerate(slots), 2):
        apart = math.dist(first[:2], second[:2])
        if apart < least:
            yield (
                f"mission.slots_m[{i}] and [{j}] are {apart:.2f} m apart in the plane, must be at least {least:.2f} m: "
                "any robot may take any place"
            )
