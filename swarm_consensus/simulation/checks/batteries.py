"""Batteries: whose they are, and that what is expected of them can be judged."""

from __future__ import annotations

from collections.abc import Iterator

from swarm_consensus.simulation.checks.references import label_problems
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Scenario


def battery_problems(scenario: Scenario) -> Iterator[str]:
    """Say what is wrong with the batteries, and with what is expected of them."""
    battery = scenario.battery
    if battery is None:
        if scenario.expect.run_dry is not None:
            yield "expect.run_dry is given, but battery, of which it judges the end, is missing"
        return
    names = robot_names(scenario)
    for label, share in battery.start.items():
        yield from label_problems("battery.start", label, names)
        if share <= 0.0:
            yield f"battery.start.{label} is {share:g}, must be above 0: an empty battery is empty for good"
