"""Anderson's extrapolation of a fixed-point iteration from its last steps."""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array

_RIDGE = 1e-10  # of the trace: steps may be nearly parallel
_WORSE = 2.0  # a step as many times as long as the shortest so far begins anew


class Anderson:
    r"""Looks ahead in an iteration ``x <- x + f(x)``: to where a combination of its last points would stand still.

    Of differences between the last points and steps it takes the combination that makes the step f least, in the least
    squares sense (type II). Where that leads astray, and steps grow, it begins anew with a plain step.

    Parameters
    ----------
    memory
        So many differences at the most.
    size
        Entries of x.

    References
    ----------
    H. Walker and P. Ni, "Anderson acceleration for fixed-point iterations", SIAM J. Numer. Anal. 49, 2011.
    """

    def __init__(self, memory: int, size: int) -> None:
        self._moves, self._changes = np.empty((memory, size)), np.empty((memory, size))  # of x + f(x), and of f
        self._products = np.empty((memory, memory))  # of changes with changes
        self.forget()

    def forget(self) -> None:
        """Begin anew: the iteration is another."""
        self._count = 0  # differences taken in
        self._shortest = np.inf
        self._last: tuple[Array, Array] | None = None

    def next(self, point: Array, step: Array) -> Array:
        """Return the next point, (size,), after this one and its step."""
        length = float(np.linalg.norm(step))
        if length > _WORSE * self._shortest:
            self.forget()
        self._shortest = min(self._shortest, length)
        if self._last is not None:
            self._take_in(point - self._last[0], step - self._last[1])
        self._last = point, step
        known = min(self._count, len(self._moves))
        if not known:
            return np.asarray(point + step)
        products, changes = self._products[:known, :known], self._changes[:known]
        ridge = _RIDGE * float(np.trace(products)) * np.eye(known)
        return np.asarray(point + step - np.linalg.solve(products + ridge, changes @ step) @ self._moves[:known])

    def _take_in(self, move: Array, change: Array) -> None:
        row = self._count % len(self._moves)
        self._count += 1
        known = min(self._count, len(self._moves))
        self._changes[row], self._moves[row] = change, move + change
        self._products[row, :known] = self._products[:known, row] = self._changes[:known] @ change
