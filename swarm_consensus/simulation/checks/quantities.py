"""Quantities: that each has what its law and its source need, and that its law is stable in this swarm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from swarm_consensus.consensus.integral import objection
from swarm_consensus.errors import nearest
from swarm_consensus.robot.quantities import MOST
from swarm_consensus.simulation.checks.references import label_problems
from swarm_consensus.simulation.quantities import gains_of
from swarm_consensus.simulation.roster import members, robot_names
from swarm_consensus.simulation.scenario import Quantity, Scenario

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_READERS = {  # laws and sources that read a field; a field that is not listed is read by all
    "field": ("field",),
    "values": ("values",),
    "noise_std": ("field", "altitude"),
    "biases": ("field", "altitude"),
    "liars": ("resilient",),
    "among": ("resilient",),
    "proportional_1_s": ("proportional", "integral"),
    "integral_1_s2": ("integral",),
    "leak_1_s": ("proportional", "integral", "tracking"),
}


def quantity_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the quantities, apart from whether the start bears their liars."""
    names = robot_names(scenario)
    count = len(scenario.quantities)
    if count > MOST:
        yield f"quantities has {count} entries, must have at most {MOST}: a frame has no room for more"
    seen: dict[str, int] = {}
    for index, quantity in enumerate(scenario.quantities):
        path = f"quantities[{index}]"
        if not _NAME.fullmatch(quantity.name):
            yield f"{path}.name is {quantity.name!r}, must be up to 32 lower-case letters, digits and _, a letter first"
        if quantity.name in seen:
            yield f"{path}.name is {quantity.name!r}, which quantities[{seen[quantity.name]}] has already"
        seen.setdefault(quantity.name, index)
        yield from _field_problems(path, quantity)
        yield from _label_problems(path, quantity, names)
        yield from _law_problems(path, quantity, scenario)
    goal = scenario.mission.agreed_goal
    if goal is not None and scenario.mission.behaviour != "seek":
        yield from named_problems("mission.agreed_goal", goal, scenario)
        if any(each.name == goal and each.source != "position" for each in scenario.quantities):
            yield f"mission.agreed_goal is {goal!r}, whose source is not position: it is no place"
        if scenario.mission.goal_m is not None:
            yield "mission.agreed_goal is given beside goal_m, must be one of the two"


def named_problems(path: str, name: str, scenario: Scenario) -> Iterator[str]:
    """A name must stand for a quantity."""
    known = [quantity.name for quantity in scenario.quantities]
    if name not in known:
        yield f"{path} has {name!r}, there is no such quantity{nearest(name, known)}"


def _field_problems(path: str, quantity: Quantity) -> Iterator[str]:
    """Name the fields that are missing, and those that mean nothing here."""
    for field in msgspec.structs.fields(Quantity):
        readers = _READERS.get(field.name)
        default = {} if field.default is msgspec.NODEFAULT else field.default
        if readers and getattr(quantity, field.name) != default and not {quantity.law, quantity.source} & {*readers}:
            given = f"law is {quantity.law} and source {quantity.source}"
            yield f"{path}.{field.name} is given, but {given}; {' or '.join(readers)} would read it"
    if quantity.source == "field" and quantity.field is None:
        yield f"{path}.field is missing: source is field, and it says what there is to be sensed"
    for number, peak in enumerate(quantity.field.peaks if quantity.field else ()):
        if len(peak.at_m) != 2:
            yield f"{path}.field.peaks[{number}].at_m has {len(peak.at_m)} numbers, must be [x, y]"


def _label_problems(path: str, quantity: Quantity, names: Sequence[str]) -> Iterator[str]:
    for field, table in (("values", quantity.values), ("biases", quantity.biases)):
        for label in table:
            yield from label_problems(f"{path}.{field}", label, names)
    if quantity.source == "values":
        known = {name for label in quantity.values for name in members(label, names)}
        missing = [name for name in names if name not in known]
        if missing:
            yield f"{path}.values has none for '{missing[0]}', must have one for each robot or its group"


def _law_problems(path: str, quantity: Quantity, scenario: Scenario) -> Iterator[str]:
    rate = scenario.control.rate_hz
    if quantity.law == "resilient" and quantity.liars is None:
        yield f"{path}.liars is missing: law is resilient, and it says how many liars are borne"
    if quantity.law == "tracking" and (quantity.leak_1_s or 0.0) >= rate:
        yield f"{path}.leak_1_s is {quantity.leak_1_s:g}, must be below control.rate_hz, which is {rate}"
    if quantity.law in ("proportional", "integral"):
        # no network of n robots has a Laplacian with an eigenvalue above n, however its links change
        problem = objection(gains_of(quantity, rate), max(len(robot_names(scenario)), 1))
        if problem is not None:
            yield f"{path} is not stable when all robots hear each other: {problem}"
