"""Whom to trust: that people have names and roles with which somebody can still change roles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Scenario

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def trust_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with operators and attackers."""
    yield from _operator_problems(scenario)
    yield from _attacker_problems(scenario)


def _attacker_problems(scenario: Scenario) -> Iterator[str]:
    for index, attacker in enumerate(scenario.attackers):
        path = f"attackers[{index}]"
        if len(attacker.position_m) not in (2, 3):
            yield f"{path}.position_m has {len(attacker.position_m)} numbers, must be [x, y] or [x, y, z]"
        if not attacker.does:
            yield f"{path}.does is empty, must name at least one of replay, garbage, alter, forge"
        if attacker.until_s is not None and attacker.until_s <= attacker.from_s:
            yield f"{path}.until_s is {attacker.until_s:g}, must be after from_s, which is {attacker.from_s:g}"


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
    if all(operator.role != "administrator" for operator in scenario.operators):
        yield "operators has no administrator: nobody could ever change a role"
