"""Choices: that each has what its kind needs, is convex for every robot, and has a choice that none refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from swarm_consensus.errors import nearest
from swarm_consensus.optimization.checks import OptimizationError
from swarm_consensus.optimization.negotiator import offers_in
from swarm_consensus.robot.choices import MOST, room_for
from swarm_consensus.robot.power import NEAR, RENEW
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.checks.references import label_problems
from swarm_consensus.simulation.choices import MAPPING, basis_of, cruise_of, interest_of
from swarm_consensus.simulation.roster import names_of, robot_names
from swarm_consensus.simulation.scenario import Choice, Scenario

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_READERS = {  # kinds that read a field; a field that is not listed is read by all
    "fairness": ("policy",),
    "limits_m_s": ("policy",),
    "interests": ("policy",),
    "field": ("map",),
    "noise_std": ("map",),
    "bump_m": ("map",),
    "ridge": ("map",),
    "every_m": ("map",),
    "limit_w": ("power",),
    "charger_m": ("power",),
    "reach_m": ("power",),
    "urgency": ("power",),
    "saturation_1_w": ("power",),
    "ramp_w_s": ("power",),
    "loan_s": ("power",),
}


def choice_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the choices, and with what refers to them."""
    count = len(scenario.choices)
    if count > MOST:
        yield f"choices has {count} entries, must have at most {MOST}: a frame has no room for more"
        return
    seen = {quantity.name: f"quantities[{index}]" for index, quantity in enumerate(scenario.quantities)}
    for index, choice in enumerate(scenario.choices):
        path = f"choices[{index}]"
        if not _NAME.fullmatch(choice.name):
            yield f"{path}.name is {choice.name!r}, must be up to 32 lower-case letters, digits and _, a letter first"
        if choice.name in seen:
            yield f"{path}.name is {choice.name!r}, which {seen[choice.name]} has already"
        seen.setdefault(choice.name, path)
        yield from _field_problems(path, choice)
        yield from _PROBLEMS[choice.kind](path, choice, scenario)
    yield from _reference_problems(scenario)


def _field_problems(path: str, choice: Choice) -> Iterator[str]:
    """Name the fields that mean nothing here."""
    for field in msgspec.structs.fields(Choice):
        readers = _READERS.get(field.name)
        value = getattr(choice, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if readers and choice.kind not in readers and value != default:
            yield f"{path}.{field.name} is given, but kind is {choice.kind}; {' or '.join(readers)} would read it"


def _policy_problems(path: str, choice: Choice, scenario: Scenario) -> Iterator[str]:
    names = robot_names(scenario)
    for label in choice.interests:
        yield from label_problems(f"{path}.interests", label, names)
    low, high = choice.limits_m_s
    if not 0.0 < low <= high:
        yield f"{path}.limits_m_s is [{low:g}, {high:g}], must be two numbers above 0, the second not below the first"
        return
    told = set()
    for entry in scenario.robots:
        speed = VEHICLES[entry.vehicle].speed if entry.speed_m_s is None else entry.speed_m_s
        for name in names_of(entry):
            interest = interest_of(choice, name)
            if speed < low:
                yield (
                    f"{path}.limits_m_s begins at {low:g}, must be at most {speed:g}, the speed limit of '{name}': "
                    "no speed suits all"
                )
                return
            problems = [] if interest.weight > 0.0 else [f"weight is {interest.weight:g}, must be above 0"]
            try:
                cruise_of(choice, name, speed)
            except OptimizationError as error:
                problems.append(str(error))
            for problem in problems:
                if (problem, interest) not in told:
                    told.add((problem, interest))
                    yield f"{path}.interests of '{name}': {problem}"


def _map_problems(path: str, choice: Choice, scenario: Scenario) -> Iterator[str]:
    for field, what in (("field", "it says what there is to be sensed"), ("bump_m", "of such bumps the map is made")):
        if getattr(choice, field) is None:
            yield f"{path}.{field} is missing: kind is map, and {what}"
    for number, peak in enumerate(choice.field.peaks if choice.field else ()):
        if len(peak.at_m) != 2:
            yield f"{path}.field.peaks[{number}].at_m has {len(peak.at_m)} numbers, must be [x, y]"
    if choice.bump_m is None:
        return
    most = _most_bumps(len(scenario.choices))
    bumps = basis_of(choice, scenario.bounds_m).size
    if bumps > most:
        yield (
            f"{path}.bump_m is {choice.bump_m:g}, which makes {bumps} shapes within bounds_m, must make at most "
            f"{most}: a frame has no room for more"
        )


def _power_problems(path: str, choice: Choice, scenario: Scenario) -> Iterator[str]:
    if choice.limit_w is None:
        yield f"{path}.limit_w is missing: kind is power, and it says what the charger can give"
    if scenario.battery is None:
        yield f"{path}.kind is power, but there is no battery to charge"
    if not choice.saturation_1_w > 0.0:
        given = f"{path}.saturation_1_w is {choice.saturation_1_w:g}"
        yield f"{given}, must be above 0: the gain is not strictly concave"
    if choice.reach_m <= NEAR:
        yield f"{path}.reach_m is {choice.reach_m:g}, must be above {NEAR:g}: so far inside it a robot begins to draw"
    ticks = choice.loan_s * scenario.control.rate_hz
    if ticks < 3 * RENEW:
        least = 3 * RENEW / scenario.control.rate_hz
        yield f"{path}.loan_s is {choice.loan_s:g}, must be at least {least:g}: loans are renewed every {RENEW} ticks"
    for label in choice.urgency:
        yield from label_problems(f"{path}.urgency", label, robot_names(scenario))


_PROBLEMS = {"policy": _policy_problems, "map": _map_problems, "power": _power_problems}


def _most_bumps(count: int) -> int:
    """Return of how many bumps a map may be made where there are so many choices."""
    room = room_for(count)
    return max(size for size in range(1, room) if offers_in(room, size, MAPPING) >= 1)


def _reference_problems(scenario: Scenario) -> Iterator[str]:
    """The mission and the expectations must name choices of the right kind."""
    mission, expect = scenario.mission, scenario.expect
    policies = [choice.name for choice in scenario.choices if choice.kind == "policy"]
    maps = [choice.name for choice in scenario.choices if choice.kind == "map"]
    if mission.agreed_speed is not None:
        yield from _named("mission.agreed_speed", mission.agreed_speed, policies, "policy")
    if mission.behaviour == "seek" and mission.agreed_goal is not None:
        yield from _named("mission.agreed_goal", mission.agreed_goal, maps, "map")
    powers = [choice.name for choice in scenario.choices if choice.kind == "power"]
    if len(powers) > 1:
        yield f"choices has {len(powers)} of kind power, must have at most 1: there is one charger"
    if expect.overloaded is not None and not powers:
        yield "expect.overloaded is given, but there is no choice of kind power"
    for name in expect.chosen_within:
        yield from _named("expect.chosen_within", name, [*policies, *maps, *powers], "choice")
    for name in expect.mapped_within:
        yield from _named("expect.mapped_within", name, maps, "map")
    if expect.flown_within_m_s is not None and mission.agreed_speed is None:
        yield "expect.flown_within_m_s is given, but mission.agreed_speed, the speed to fly, is missing"
    if expect.chosen_after_s is not None and not expect.chosen_within and expect.flown_within_m_s is None:
        yield "expect.chosen_after_s says from when on, but expect.chosen_within is missing"
    if expect.chosen_after_s is not None and expect.chosen_after_s > scenario.duration_s:
        yield f"expect.chosen_after_s is {expect.chosen_after_s:g}, must be at most duration_s, {scenario.duration_s:g}"


def _named(path: str, name: str, known: Sequence[str], what: str) -> Iterator[str]:
    if name not in known:
        yield f"{path} has {name!r}, there is no such {what}{nearest(name, known)}"
