"""Whether walls cut held links, looked at anew only once an end may have come so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, length
from swarm_consensus.network.walls import Wall, cut_by_walls


class SightLines:
    """Lines between robots, and the walls that block the radio.

    Parameters
    ----------
    walls
        Those that block; empty where walls let radio pass.
    """

    def __init__(self, walls: Sequence[Wall]) -> None:
        self._walls = walls
        self._stone = shapely.union_all([shapely.Polygon(corners) for corners, _ in walls])
        self._first = self._second = np.zeros(0, dtype=np.intp)
        self._seen: Array = np.zeros((0, 3))  # m, positions at the last `watch`
        self._clear = 0.0  # m, in the plane, from the lines to the nearest wall then

    def watch(self, first: NDArray[np.intp], second: NDArray[np.intp], position: Array) -> None:
        """Say which pairs of robots are to be watched from now on, (k,) each, and where all are, (n, 3) m."""
        if not self._walls:
            return
        self._first, self._second, self._seen = first, second, position.copy()
        lines = shapely.linestrings(np.stack((position[first, :2], position[second, :2]), axis=1))
        self._clear = float(shapely.distance(lines, self._stone).min(initial=np.inf))

    def cut(self, position: Array) -> int | None:
        """Return the first of the pairs that a wall cuts, or None."""
        if not self._walls or not len(self._first):
            return None
        if float(length(position[:, :2] - self._seen[:, :2]).max()) < self._clear:
            return None
        cut = cut_by_walls(position[self._first], position[self._second], self._walls)
        return int(cut.argmax()) if cut.any() else None
