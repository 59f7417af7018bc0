r"""The exact average in a finite number of rounds, where the network and its spectrum are known.

.. math:: x(k+1) = x(k) - L x(k) / \lambda_{k+1}

over the m distinct nonzero eigenvalues of the Laplacian L: each round wipes out the modes of one eigenvalue, and after
m rounds only the mean is left. A complete network needs one round, a star two.

Limits. In exact arithmetic the order does not matter; in floating point it decides. Large eigenvalues taken one after
the other make modes grow by many powers of ten before they are wiped out. Leja's order keeps the product of the factors
small at every point of the spectrum throughout. Some growth is left when there are many distinct eigenvalues: what
precision remains is measured in docs/averaging.md. One lost message, or one link more than was known, and nothing is
exact.

References
----------
A. Kibangou, "Finite-time average consensus based protocol for distributed estimation over AWGN channels", CDC 2011.
L. Reichel, "The application of Leja points to Richardson iteration", Linear Algebra Appl. 154, 1991.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import ConsensusError, checked_values
from swarm_consensus.graph import is_connected, laplacian

_SAME = 1e-11  # of the largest eigenvalue: nearer than that they are one, seen through rounding


def schedule(adjacency: ArrayLike) -> Array:
    """Distinct nonzero eigenvalues of the Laplacian, in the order in which to use them, shape (m,).

    Raises
    ------
    GraphError
        If it is no adjacency.
    ConsensusError
        If the network is split.

    Examples
    --------
    >>> star = [[0, 1, 1], [1, 0, 0], [1, 0, 0]]
    >>> schedule(star).round(6)
    array([3., 1.])
    """
    matrix = laplacian(adjacency)
    if not is_connected(adjacency):
        raise ConsensusError("the network is split: its parts never hear of each other")
    values: Array = np.linalg.eigvalsh(matrix)[1:].astype(float)
    if not len(values):
        return values
    parts = np.split(values, np.flatnonzero(np.diff(values) > _SAME * values[-1]) + 1)
    return _leja(np.array([part.mean() for part in parts]))


def _leja(points: Array) -> Array:
    """Order points so that each next one is the farthest, in the product of distances, from all before."""
    order = [len(points) - 1]
    logs = np.zeros(len(points))
    while len(order) < len(points):
        with np.errstate(divide="ignore"):  # a point taken is at no distance from itself, log 0
            logs += np.log(abs(points - points[order[-1]]))
        order.append(int(logs.argmax()))
    return points[order]


def step(values: Array, pulled: Array, eigenvalue: float) -> Array:
    """One round: values plus the pull -L x (`average.pull` with the link weights) over this round's eigenvalue."""
    return values + pulled / eigenvalue


def run(adjacency: ArrayLike, values: ArrayLike) -> Array:
    """Average of a whole network's values (n,) or (n, d) at every node, after as many rounds as the schedule is long.

    Raises
    ------
    GraphError, ConsensusError
        As `schedule`; if the sizes do not fit, or a value is not finite.
    """
    order = schedule(adjacency)
    matrix = laplacian(adjacency)
    current = checked_values(values, len(matrix))
    for eigenvalue in order.tolist():
        current = step(current, -matrix @ current, eigenvalue)
    return current
