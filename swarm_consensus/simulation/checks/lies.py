"""Lies: that each is about a quantity there is, has what its kind needs, and is one that the law is said to bear."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from swarm_consensus.errors import nearest
from swarm_consensus.simulation.checks.quantities import named_problems
from swarm_consensus.simulation.liars import SAME_TO_ALL
from swarm_consensus.simulation.quantities import size
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Lie, Quantity, Scenario

_NEEDS = {
    "constant": ("value",),
    "ramp": ("value", "rate_per_s"),
    "oscillating": ("value", "amplitude", "period_s"),
    "two_faced": ("value", "amplitude"),
    "divider": ("value", "other"),
    "silent": (),
}


def lie_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the lies, and which quantity is lied about by more robots than it bears."""
    names = robot_names(scenario)
    quantities = {quantity.name: quantity for quantity in scenario.quantities}
    seen: dict[tuple[str, str], int] = {}
    for index, lie in enumerate(scenario.lies):
        path = f"lies[{index}]"
        if lie.robot not in names:
            yield f"{path}.robot is {lie.robot!r}, there is no such robot{nearest(lie.robot, names)}"
        yield from named_problems(f"{path}.quantity", lie.quantity, scenario)
        first = seen.setdefault((lie.robot, lie.quantity), index)
        if first != index:
            yield f"{path} is of '{lie.robot}' about '{lie.quantity}', as lies[{first}] is: it can tell only one"
        if lie.quantity in quantities:
            yield from _lie_problems(path, lie, quantities[lie.quantity])
    for index, quantity in enumerate(scenario.quantities):
        liars = [lie.robot for lie in scenario.lies if lie.quantity == quantity.name]
        if quantity.liars is not None and len(liars) > quantity.liars:
            yield f"quantities[{index}].liars is {quantity.liars}, but {len(liars)} robots lie about '{quantity.name}'"


def _lie_problems(path: str, lie: Lie, quantity: Quantity) -> Iterator[str]:
    needs, length = _NEEDS[lie.kind], size(quantity)
    for field in msgspec.structs.fields(Lie):
        if field.name in ("robot", "quantity", "kind"):
            continue
        given = getattr(lie, field.name)
        if field.name in needs and not given:
            yield f"{path}.{field.name} is missing: kind is {lie.kind}"
        elif field.name not in needs and given:
            yield f"{path}.{field.name} is given, but kind {lie.kind} does not read it"
        elif isinstance(given, list) and given and len(given) != length:
            yield f"{path}.{field.name} has {len(given)} numbers, must have {length}, as '{quantity.name}' has"
    if quantity.law == "running_sums":
        yield f"{path}.quantity is '{lie.quantity}', whose law is running_sums, which no lie of a value concerns"
    if quantity.law == "resilient" and quantity.among == "all" and lie.kind not in SAME_TO_ALL:
        yield (
            f"{path}.kind is {lie.kind}, which tells each robot something else: F in the whole swarm is borne only of "
            f"liars who tell all the same; set among to neighbours for '{quantity.name}'"
        )
