"""The graph of held links as it went over the air: which there are, how well they connect, and how they change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.graph import algebraic_connectivity
from swarm_consensus.simulation.record import TickRecord


class HeldLinks:
    """The links that both ends, alive, say they hold. Who sends no frame in a tick still holds what it last said.

    Pairs of robots (i, j), i < j, are numbered in the order of ``first`` and ``second``.

    Parameters
    ----------
    count
        Number of robots n.
    """

    def __init__(self, count: int) -> None:
        self.pairs: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self.lambda2 = 0.0  # algebraic connectivity of the living by these links
        self.formed = 0  # links that both hold since this tick
        self.let_go = 0  # links that an end holds no more since this tick, though both live
        self._first, self._second = np.triu_indices(count, 1)
        self._count = count
        self._says: tuple[frozenset[int], ...] | None = None
        self._alive: NDArray[np.bool_] = np.ones(count, dtype=bool)

    def look(self, record: TickRecord) -> None:
        """Take one tick."""
        self.formed = self.let_go = 0
        before = self._says or (frozenset(),) * self._count
        says = tuple(
            (old if held is None else held) if alive else frozenset()
            for held, old, alive in zip(record.held, before, record.alive.tolist(), strict=True)
        )
        if says == self._says and np.array_equal(record.alive, self._alive):
            return
        links = self._matrix(says)
        pairs = np.flatnonzero(links[self._first, self._second])
        if self._says is not None:  # at the first tick nothing was formed: the links of the start are there
            self.formed = len(np.setdiff1d(pairs, self.pairs, assume_unique=True))
            gone = np.setdiff1d(self.pairs, pairs, assume_unique=True)
            self.let_go = int((record.alive[self._first[gone]] & record.alive[self._second[gone]]).sum())
        self.pairs, self._says, self._alive = pairs, says, record.alive
        living = np.flatnonzero(record.alive)
        self.lambda2 = algebraic_connectivity(links[np.ix_(living, living)])

    def _matrix(self, says: tuple[frozenset[int], ...]) -> NDArray[np.bool_]:
        """Adjacency (n, n)."""
        claimed = np.zeros((self._count, self._count), dtype=bool)
        for robot, held in enumerate(says):
            claimed[robot, [other for other in held if other < self._count and other != robot]] = True
        return claimed & claimed.T
