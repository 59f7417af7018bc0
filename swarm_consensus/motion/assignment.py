"""Assignment: which robot takes which place, for whoever sees all of them; robots among themselves use `auction`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from swarm_consensus.arrays import Array
from swarm_consensus.errors import InputError


def assign(positions: Array, slots: Array) -> NDArray[np.intp]:
    r"""Give every robot a slot of its own such that the total squared distance is least.

    .. math:: \min_\pi \sum_i |x_i - s_{\pi(i)}|^2

    Squares rather than distances, since then no two straight ways cross in the plane: were they to cross, trading the
    two slots would make the sum smaller. The choice does not depend on where the slots' centre is, when there are as
    many slots as robots.

    Parameters
    ----------
    positions
        x, shape (n, d), m.
    slots
        s, shape (m, d), m, m at least n.

    Returns
    -------
    NDArray
        pi, shape (n,): the index of each robot's slot, no two the same.

    Raises
    ------
    InputError
        If there are fewer slots than robots, or a coordinate is not finite.

    References
    ----------
    D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on Aerospace and Electronic
    Systems 52, 2016: the shortest augmenting paths that scipy uses.

    Examples
    --------
    >>> assign(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[2.0, 0.0], [1.0, 0.0]])).tolist()
    [1, 0]
    """
    if len(slots) < len(positions):
        raise InputError([f"slots has {len(slots)} places for {len(positions)} robots, must have one for each"])
    if not (np.isfinite(positions).all() and np.isfinite(slots).all()):
        raise InputError(["positions and slots must be finite"])
    offset = positions[:, None] - slots[None]
    _, chosen = linear_sum_assignment(np.einsum("ijd,ijd->ij", offset, offset))
    return np.asarray(chosen)
