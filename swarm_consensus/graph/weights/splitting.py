"""Douglas-Rachford splitting for the fastest weights of a graph with many links."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from swarm_consensus.arrays import Array
from swarm_consensus.graph.weights.anderson import Anderson
from swarm_consensus.graph.weights.links import Links
from swarm_consensus.graph.weights.projection import Projection

GAP = 5e-5  # how far the norm may be from what is proved to be least
_ROUNDS = 2000  # 40 to 500 are usual
_EVERY = 20  # rounds between two looks at the gap
_SCALED = (20, 40, 80, 160)  # rounds after which the radius is chosen anew
_RADIUS, _CHANGE = 1.0 / 0.3, 1.3  # of the ratio of both parts' sizes; by less than this factor it stays
_RELAXED = 1.7  # of a step; 1 is the plain method, 2 too far
_MEMORY, _ENTRIES = 15, 4_000_000  # steps to extrapolate from, and their entries at the most


def split(links: Links, weight: Array) -> tuple[Array, Array]:
    r"""Minimise the norm of W - 11'/n to within 5e-5 of a bound proved on the way, or for as long as 2,000 rounds.

    Near a given matrix the norm is easily made small, by its eigenvalues, and the nearest matrix that belongs to a
    graph is easily found, from n linear equations. The method takes turns between both, and is extrapolated from its
    last steps. One round costs some 10 n^3 operations, however many links there are; the more, the fewer rounds.

    Parameters
    ----------
    links
        m links of n nodes.
    weight
        To begin with, shape (m,).

    Returns
    -------
    weight
        Shape (m,).
    multiplier
        Shape (n, n), symmetric; `Projection.least_norm` makes the proof of it.

    References
    ----------
    J. Eckstein and D. Bertsekas, "On the Douglas-Rachford splitting method and the proximal point algorithm for maximal
    monotone operators", Mathematical Programming 55, 1992.
    """
    projection = Projection(links)
    point = best = links.deviation(weight)
    multiplier = np.zeros_like(point)
    norm, least = _norm(point), 0.0
    radius = 0.5 * links.count * norm
    ahead = Anderson(min(_MEMORY, max(_ENTRIES // point.size, 2)), point.size)
    for number in range(1, _ROUNDS + 1):
        if norm - least <= GAP:
            break
        near = projection.deviation(point)
        small, dual = _shrunk(2.0 * near - point, radius)
        if number % _EVERY == 0:
            if (reached := _norm(near)) < norm:
                norm, best = reached, near
            if (proved := projection.least_norm(dual)) > least:
                least, multiplier = proved, dual
        if number in _SCALED:
            wanted = _RADIUS * radius * float(np.linalg.norm(near) / np.linalg.norm(dual))
            if not radius / _CHANGE < wanted < radius * _CHANGE:
                point = near + (point - near) * wanted / radius
                radius = wanted
                ahead.forget()
                continue
        point = ahead.next(point.ravel(), _RELAXED * (small - near).ravel()).reshape(point.shape)
        point = 0.5 * (point + point.T)  # else rounding grows, which no step takes back
    return best[links.first, links.second] + 1.0 / links.count, multiplier


def _norm(matrix: Array) -> float:
    return float(np.abs(np.linalg.eigvalsh(matrix)).max())


def _shrunk(matrix: Array, radius: float) -> tuple[Array, Array]:
    """Return the Z that minimises ``radius |Z| + |Z - matrix|_F^2 / 2``, and what it leaves of a symmetric matrix.

    What it leaves is the nearest matrix whose eigenvalues have sizes that sum to the radius at most (Moreau).
    """
    values, vectors = eigh(matrix, driver="evd", check_finite=False)
    left = (vectors * _within(values, radius)) @ vectors.T
    return matrix - left, left


def _within(values: Array, radius: float) -> Array:
    """Return the values nearest to these, (n,), whose sizes sum to at most a radius."""
    sizes = np.abs(values)
    if sizes.sum() <= radius:
        return values
    largest = np.sort(sizes)[::-1]
    excess = (np.cumsum(largest) - radius) / np.arange(1, len(largest) + 1)  # of each, if so many are not 0
    cut = excess[np.flatnonzero(largest > excess)[-1]]
    return np.asarray(np.sign(values) * np.maximum(sizes - cut, 0.0))
