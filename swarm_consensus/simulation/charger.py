"""The charger of a world: it gives each robot within reach what that robot's frame says that it draws, and no more.

It has no say in who draws how much, and no way to refuse: if all together draw more than its limit, it is overloaded,
which the verdict sees.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from swarm_consensus.arrays import Array, length
from swarm_consensus.network.frame import Choices, Frame, messages_of
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.power import read_share
from swarm_consensus.simulation.identities import ears_of
from swarm_consensus.simulation.scenario import Choice, Scenario


class Charger:
    """One charger.

    Parameters
    ----------
    choice
        Of kind power.
    place
        Of it among the choices of the scenario.
    most
        The most that a robot's battery takes, W.
    ears
        Open what robots seal.
    """

    def __init__(self, choice: Choice, place: int, most: float, ears: Ears) -> None:
        self._ears = ears
        self._at = np.array(choice.charger_m)
        self._reach = choice.reach_m
        self._place = place
        self._most = most

    def give(self, frames: Sequence[bytes | None], position: Array) -> Array:
        """Return the power to each robot in the present period, shape (n,), W.

        Parameters
        ----------
        frames
            What each robot says in this tick; None: it has no power.
        position
            Where they are, shape (n, 3), m.
        """
        heard = [None if packet is None else self._ears.frame(packet) for packet in frames]
        drawn = np.array([0.0 if frame is None else self._drawn(frame) for frame in heard])
        there = length(position[:, :2] - self._at) <= self._reach
        return np.where(there, np.minimum(drawn, self._most), 0.0)

    def _drawn(self, frame: Frame) -> float:
        for message in messages_of(frame):
            if isinstance(message, Choices) and self._place < len(message.entries):
                share = read_share(message.entries[self._place])
                return 0.0 if share is None else share.draw
        return 0.0


def charger_of(scenario: Scenario) -> Charger | None:
    """Return the charger of a scenario, if it has one."""
    for place, choice in enumerate(scenario.choices):
        if choice.kind == "power" and scenario.battery is not None:
            return Charger(choice, place, scenario.battery.charge_w, ears_of(scenario))
    return None
