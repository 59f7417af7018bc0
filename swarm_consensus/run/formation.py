"""How far a swarm is from its formation, judged on the ground truth, whoever took which slot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from swarm_consensus.arrays import Array, length
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.scenario import Scenario

_ROUNDS = 20  # it settles in two or three


class FormationJudge:
    """Measures how far robots are from their slots about the centre that fits best.

    Parameters
    ----------
    scenario
        Its mission names the slots.
    robots
        The roster; a slot's altitude is judged for those that fly.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot]) -> None:
        self._slots = np.array([[*slot, 0.0][:3] for slot in scenario.mission.slots_m]).reshape(-1, 3)
        self._flies = np.array([VEHICLES[robot.vehicle].dims == 3 for robot in robots], dtype=bool)

    def error(self, position: Array, alive: NDArray[np.bool_]) -> float:
        r"""Return the largest distance of a living robot from its slot, m; 0.0 if nobody lives.

        Slots and centre c are those of the least ``sum |x_i - c - s_i|^2``, found by turns until neither changes: with
        all alive and in one plane the least of all, since the choice of slots then does not depend on c.

        Parameters
        ----------
        position
            Shape (n, 3), m.
        alive
            Shape (n,), bool.
        """
        judged = np.ones((int(alive.sum()), 3))  # coordinates of each robot that count
        judged[:, 2] = self._flies[alive]
        if not len(judged):
            return 0.0
        place = position[alive]
        weight = np.maximum(judged.sum(axis=0), 1.0)
        centre = (place * judged).sum(axis=0) / weight - self._slots.mean(axis=0)
        chosen = self._slots[: len(judged)]
        for _ in range(_ROUNDS):
            offset = (place - centre)[:, None] - self._slots[None]
            _, slot = linear_sum_assignment(np.einsum("ijd,ijd,id->ij", offset, offset, judged))
            before, chosen = chosen, self._slots[slot]
            centre = ((place - chosen) * judged).sum(axis=0) / weight
            if np.array_equal(before, chosen):
                break
        return float(length((place - centre - chosen) * judged).max())
