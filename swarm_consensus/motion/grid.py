"""A map cut into cells, and the moves between free ones: the graph on which shortest ways are looked for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

_MOVES = ((1, 0), (0, 1), (1, 1), (1, -1))


def moves(free: NDArray[np.bool_], width: float, height: float) -> csr_array[np.float64]:
    """Lengths of the moves between free cells and their eight neighbours; a diagonal needs both its corners free.

    Parameters
    ----------
    free
        Shape (a, b); cell (i, j) has the number i b + j.
    width, height
        Of a cell along the first and the second axis, m.

    Returns
    -------
    csr_array
        Shape (a b, a b), m; each move once, from the lower column on.
    """
    number = np.arange(free.size).reshape(free.shape)
    rows, columns, lengths = [], [], []
    for dx, dy in _MOVES:
        here = (slice(0, -dx or None), slice(max(0, -dy), -dy if dy > 0 else None))
        there = (slice(dx, None), slice(max(0, dy), dy if dy < 0 else None))
        passable = free[here] & free[there]
        if dx and dy:
            passable &= free[here[0], there[1]] & free[there[0], here[1]]
        rows.append(number[here][passable])
        columns.append(number[there][passable])
        lengths.append(np.full(int(passable.sum()), math.hypot(dx * width, dy * height)))
    entries = (np.concatenate(lengths), (np.concatenate(rows), np.concatenate(columns)))
    return coo_array(entries, shape=(free.size, free.size)).tocsr()
