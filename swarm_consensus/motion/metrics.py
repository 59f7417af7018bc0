"""How well a swarm moves together: numbers of a set of positions and velocities, for reports and for studies.

Each is about the robots that are passed in; leave out the dead. Where there is nothing to measure (nobody, or nobody
who moves) it is NaN.

References
----------
R. Olfati-Saber, "Flocking for multi-agent dynamic systems: algorithms and theory", IEEE Transactions on Automatic
Control 51, 2006, section VII: connectivity, cohesion radius, deviation energy, velocity mismatch. G. Vasarhelyi et al.,
"Optimized flocking of autonomous drones in confined environments", Science Robotics 3, 2018: order. T. Vicsek et al.,
"Novel type of phase transition in a system of self-driven particles", Physical Review Letters 75, 1995: polarisation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from swarm_consensus.arrays import Array, length

REST = 0.05  # m/s, below which a robot stands and its velocity's direction means nothing


def order(velocity: ArrayLike) -> Array:
    r"""Mean cosine of the angle between the velocities of two robots, over all pairs of robots that move.

    .. math:: \frac{1}{m (m - 1)} \sum_{i \ne j} \frac{v_i \cdot v_j}{|v_i| |v_j|}
        = \frac{|\sum_i v_i / |v_i||^2 - m}{m (m - 1)}

    Parameters
    ----------
    velocity
        Shape (..., n, d), m/s.

    Returns
    -------
    Array
        Shape (...), between -1 / (m - 1) and 1: 1 where all head the same way, about 0 where each goes its own; NaN
        where fewer than two robots move.

    Examples
    --------
    >>> round(float(order([[0, 1], [1, 0], [0, -1], [-1, 0]])), 3)
    -0.333
    """
    total, movers = _headings(velocity)
    pairs = movers * (movers - 1)
    return np.where(pairs > 0, (total * total - movers) / np.maximum(pairs, 1), np.nan)


def polarisation(velocity: ArrayLike) -> Array:
    r"""Length of the mean heading of the robots that move, ``|sum v_i / |v_i|| / m``.

    Parameters
    ----------
    velocity
        Shape (..., n, d), m/s.

    Returns
    -------
    Array
        Shape (...), between 0 and 1; NaN where nobody moves.
    """
    total, movers = _headings(velocity)
    return np.where(movers > 0, total / np.maximum(movers, 1), np.nan)


def _headings(velocity: ArrayLike) -> tuple[Array, NDArray[np.int_]]:
    """Length of the sum of the directions of those who move, and how many they are, both (...)."""
    vector = np.asarray(velocity, dtype=float)
    speed = length(vector)
    moves = speed > REST
    heading = vector * (moves / np.where(moves, speed, 1.0))[..., None]
    return length(heading.sum(axis=-2)), moves.sum(axis=-1)


def velocity_mismatch(velocity: ArrayLike) -> Array:
    r"""Kinetic energy about the mean velocity, for each robot of unit mass, K / n.

    .. math:: \frac{1}{2 n} \sum_i |v_i - \bar v|^2

    Parameters
    ----------
    velocity
        Shape (..., n, d), m/s.

    Returns
    -------
    Array
        Shape (...), m^2/s^2, 0 where all velocities agree; NaN for nobody.
    """
    vector = np.asarray(velocity, dtype=float)
    if not vector.shape[-2]:
        return np.full(vector.shape[:-2], np.nan)
    apart = vector - vector.mean(axis=-2, keepdims=True)
    return np.asarray(0.5 * np.einsum("...nd,...nd->...", apart, apart) / vector.shape[-2])


def cohesion_radius(position: ArrayLike) -> Array:
    r"""Greatest distance of a robot from the middle of all, ``max |q_i - mean q|``.

    Parameters
    ----------
    position
        Shape (..., n, d), m.

    Returns
    -------
    Array
        Shape (...), m; NaN for nobody.
    """
    place = np.asarray(position, dtype=float)
    if not place.shape[-2]:
        return np.full(place.shape[:-2], np.nan)
    return np.asarray(length(place - place.mean(axis=-2, keepdims=True)).max(axis=-1))


def deviation_energy(position: ArrayLike, adjacency: ArrayLike, spacing: float) -> Array:
    r"""How far a set of robots is from a lattice of one spacing, without unit.

    .. math:: \frac{1}{d^2} \frac{1}{|E| + 1} \sum_{(i, j) \in E} (|q_j - q_i| - d)^2

    Parameters
    ----------
    position
        Shape (..., n, d), m.
    adjacency
        Which pairs are neighbours (positive), shape (..., n, n), symmetric, zero diagonal; the paper's are those within
        1.2 d, `swarm_consensus.graph.proximity`.
    spacing
        d, m, above zero.

    Returns
    -------
    Array
        Shape (...); 0 where all neighbours are d apart, also where there are none.
    """
    place = np.asarray(position, dtype=float)
    linked = np.asarray(adjacency) > 0
    excess = length(place[..., :, None, :] - place[..., None, :, :]) / spacing - 1.0
    edges = 0.5 * linked.sum(axis=(-2, -1))
    return np.asarray(0.5 * (linked * excess * excess).sum(axis=(-2, -1)) / (edges + 1.0))


def relative_connectivity(parts: ArrayLike, count: ArrayLike) -> Array:
    """Rank of the Laplacian as a share of the greatest possible, C = rank(L) / (n - 1), with rank(L) = n - parts.

    Parameters
    ----------
    parts
        Connected parts of the network (`swarm_consensus.graph.components`), shape (...).
    count
        Number of robots n, shape (...).

    Returns
    -------
    Array
        Shape (...), 1 for one network, 0 where nobody has a neighbour; 1 for a robot by itself and for nobody.
    """
    number = np.asarray(count)
    return np.where(number > 1, (number - np.asarray(parts)) / np.maximum(number - 1, 1), 1.0)
