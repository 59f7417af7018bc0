"""Whom to trust: that people have names and roles with which somebody can still change roles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from swarm_consensus.errors import nearest
from swarm_consensus.simulation.checks.references import label_problems
from swarm_consensus.simulation.identities import devices_of
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Agreement, Command, Scenario
from swarm_consensus.simulation.stations import size

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def trust_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with operators, their commands, and attackers."""
    yield from _command_problems(scenario)
    yield from _operator_problems(scenario)
    yield from _attacker_problems(scenario)
    yield from _device_problems(scenario)


_READS = {
    "goto": ("goal_m",),
    "behaviour": ("behaviour",),
    "formation": ("slots_m",),
    "fence": ("polygon_m",),
    "grant": ("who", "role"),
    "revoke": ("who",),
}  # what a command needs
_MAY = {"behaviour": ("robot",), "fence": ("altitude_m",)}  # and may have beside


def _command_problems(scenario: Scenario) -> Iterator[str]:
    people = [operator.name for operator in scenario.operators]
    for field in ("dismissed_obeyed_s", "orders_agree", "fenced_within_s", "disarmed_within_s"):
        if getattr(scenario.expect, field) is not None and not scenario.operators:
            yield f"expect.{field} is given, but operators, whose orders it judges, is missing"
    if not scenario.armed and not scenario.operators:
        yield "armed is false, but operators is missing: nobody could ever arm a robot"
    for index, command in enumerate(scenario.commands):
        path = f"commands[{index}]"
        for field, name in (("operator", command.operator), ("who", command.who)):
            if name is not None and name not in people:
                yield f"{path}.{field} is {name!r}, there is no such operator{nearest(name, people)}"
        if not command.heard_by:
            yield f"{path}.heard_by is empty, must name at least one robot"
        for label in command.heard_by:
            yield from label_problems(f"{path}.heard_by", label, robot_names(scenario))
        yield from _time_problems(path, command, scenario)
        yield from _word_problems(path, command, scenario)


def _time_problems(path: str, command: Command, scenario: Scenario) -> Iterator[str]:
    if command.at_s >= scenario.duration_s:
        yield f"{path}.at_s is {command.at_s:g}, must be before duration_s, which is {scenario.duration_s:g}"
    if command.until_s is not None and command.until_s <= command.at_s:
        yield f"{path}.until_s is {command.until_s:g}, must be after at_s, which is {command.at_s:g}"


def _word_problems(path: str, command: Command, scenario: Scenario) -> Iterator[str]:
    """Say which words an order lacks, which it does not read, and which make no sense; to be denied is not wrong."""
    needs, names = _READS.get(command.order, ()), robot_names(scenario)
    for field in ("goal_m", "behaviour", "robot", "slots_m", "polygon_m", "altitude_m", "who", "role"):
        given = getattr(command, field) not in (None, [])
        if field in needs and not given:
            yield f"{path}.{field} is missing: {command.order} needs it"
        elif given and field not in (*needs, *_MAY.get(command.order, ())):
            yield f"{path}.{field} is given, but {command.order} does not read it"
    points = [command.goal_m] if command.goal_m is not None else command.slots_m
    if any(len(point) not in (2, 3) for point in points):
        yield f"{path} has a point that is not [x, y] or [x, y, z]"
    if any(len(point) != 2 for point in command.polygon_m):
        yield f"{path}.polygon_m has a corner that is not [x, y]"
    if command.robot is not None and command.robot not in names:
        yield f"{path}.robot is {command.robot!r}, there is no such robot{nearest(command.robot, names)}"
    most = (scenario.agreement or Agreement()).message_bytes
    if size(command, names) > most:
        yield f"{path} takes {size(command, names)} bytes of the log, must be at most agreement.message_bytes, {most}"


def _attacker_problems(scenario: Scenario) -> Iterator[str]:
    for index, attacker in enumerate(scenario.attackers):
        path = f"attackers[{index}]"
        if len(attacker.position_m) not in (2, 3):
            yield f"{path}.position_m has {len(attacker.position_m)} numbers, must be [x, y] or [x, y, z]"
        if not attacker.does:
            yield f"{path}.does is empty, must name at least one of replay, garbage, alter, forge, done"
        if attacker.until_s is not None and attacker.until_s <= attacker.from_s:
            yield f"{path}.until_s is {attacker.until_s:g}, must be after from_s, which is {attacker.from_s:g}"


def _device_problems(scenario: Scenario) -> Iterator[str]:
    """What answers robots has a key of its own: nobody else may be known by its name."""
    devices = devices_of(scenario) if scenario.security is not None else []
    for kind, names in (("robot", robot_names(scenario)), ("operator", [each.name for each in scenario.operators])):
        for name in sorted(set(names).intersection(devices)):
            yield f"{kind}s has {name!r}, which is the name by which the key of a device is known; take another one"


def _operator_problems(scenario: Scenario) -> Iterator[str]:
    if not scenario.operators:
        return
    if scenario.security is None:
        yield "operators is given, but security is missing: say how frames are sealed, as security: {seal: identity}"
    taken = dict.fromkeys(robot_names(scenario), "a robot")
    for index, operator in enumerate(scenario.operators):
        path = f"operators[{index}].name"
        if not _NAME.fullmatch(operator.name):
            yield f"{path} is {operator.name!r}, must be letters, digits and '_', at most 64, and begin with a letter"
        if operator.name in taken:
            yield f"{path} is {operator.name!r}, which is the name of {taken[operator.name]}"
        taken[operator.name] = f"operators[{index}]"
    if scenario.agreement is None:
        yield "operators is given, but agreement is missing: orders and roles go through the log that all robots share"
    if all(operator.role != "administrator" or operator.expires_s is not None for operator in scenario.operators):
        yield "operators has no administrator whose key never expires: nobody could ever change a role"
