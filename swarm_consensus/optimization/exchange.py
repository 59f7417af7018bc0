"""Messages between nodes in one process: rounds, with loss and delay, for studies, tests and notebooks.

Any node with `step` and `tick` can be put in, also `swarm_consensus.consensus.running_sums.RunningSums`. On robots the
messages ride on frames instead, and the nodes are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.optimization.checks import OptimizationError, checked_links


class Node(Protocol):
    """One robot's part in a protocol."""

    def step(self, sender: int, message: Any) -> None:
        """Take in what a neighbour said."""

    def tick(self, tick: int, neighbours: Any) -> Any:
        """Do a round with those that the robot can reach, and return what to broadcast."""


@dataclass(slots=True)
class Exchange:
    """Rounds of messages over links that lose and delay.

    Parameters
    ----------
    nodes
        By roster index. One that is taken out has crashed; one that is put in begins to take part.
    adjacency
        Who hears whom, entry [i, j] whether i hears j, shape (n, n); may change between rounds.
    loss
        Probability that one who could hear a message does not.
    delay
        A message comes up to so many rounds later than it could, evenly, so that messages also overtake each other.
    rng
        Where chance comes from; needed with loss or delay.

    Raises
    ------
    OptimizationError
        If the adjacency is not square or smaller than the roster, the loss not in [0, 1) or the delay negative.
    """

    nodes: dict[int, Any]
    adjacency: ArrayLike
    loss: float = 0.0
    delay: int = 0
    rng: np.random.Generator | None = None
    rounds: int = 0
    _due: dict[int, list[tuple[int, int, Any]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.adjacency = checked_links(self.adjacency, len(np.asarray(self.adjacency)))
        if max(self.nodes, default=0) >= len(self.adjacency):
            raise OptimizationError(f"node {max(self.nodes)} has no row among the {len(self.adjacency)} of adjacency")
        if not 0.0 <= self.loss < 1.0 or self.delay < 0:
            raise OptimizationError(f"loss is {self.loss}, must be in [0, 1), and delay {self.delay}, at least 0")
        if self.rng is None and (self.loss or self.delay):
            raise OptimizationError("rng is None: loss and delay need a seeded numpy.random.Generator")

    def round(self) -> None:
        """Deliver what is due, and let every node do its tick."""
        for receiver, sender, message in self._due.pop(self.rounds, ()):
            if receiver in self.nodes:
                self.nodes[receiver].step(sender, message)
        links = np.asarray(self.adjacency)
        for sender, node in sorted(self.nodes.items()):
            receivers = [j for j in np.flatnonzero(links[:, sender]).tolist() if j in self.nodes]
            message = node.tick(self.rounds, receivers)
            for receiver in receivers:
                self._send(receiver, sender, message)
        self.rounds += 1

    def run(self, rounds: int) -> None:
        """Do so many rounds."""
        for _ in range(rounds):
            self.round()

    def settle(self, most: int) -> int:
        """Do rounds until every node says it is done, and return how many that were.

        Raises
        ------
        OptimizationError
            If some are not done after so many.
        """
        first = self.rounds
        while self.rounds - first < most:
            self.round()
            if all(node.done for node in self.nodes.values()):
                return self.rounds - first
        raise OptimizationError(
            f"not settled after {most} rounds: {_worst(self.nodes)}. The problem may have no optimum (limits that "
            "exclude each other, a cost without a floor), or need more rounds or another penalty"
        )

    def points(self) -> Array:
        """Return what each node holds, shape (n, d), in the order of the roster."""
        return np.array([node.point for _, node in sorted(self.nodes.items())])

    def _send(self, receiver: int, sender: int, message: Any) -> None:
        wait = 1
        if self.rng is not None:
            if self.rng.random() < self.loss:
                return
            wait += int(self.rng.integers(self.delay + 1))
        self._due.setdefault(self.rounds + wait, []).append((receiver, sender, message))


def _worst(nodes: Mapping[int, Any]) -> str:
    """Name the node that is farthest from done."""
    index, node = max(nodes.items(), key=lambda each: max(each[1].residuals))
    primal, dual = node.residuals
    return f"node {index} has the primal residual {primal:.3g} and the dual residual {dual:.3g}"
