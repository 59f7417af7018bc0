r"""The flocking law of Olfati-Saber: a lattice of equal spacing, equal velocities and a common way.

Its second algorithm, with the equation numbers of the paper. With q_i and p_i position and velocity of a robot:

.. math:: u_i = \sum_j \phi_\alpha(|q_j - q_i|_\sigma) n_{ij} + \sum_j a_{ij} (p_j - p_i) - c_1 \sigma_1(q_i - q_\gamma)
          - c_2 (p_i - p_\gamma) \quad (22\text{-}24)

A lattice in which all robots that see each other are d apart, and none is between d and r = 1.2 d away, is an
equilibrium of the first sum.

References
----------
R. Olfati-Saber, "Flocking for multi-agent dynamic systems: algorithms and theory", IEEE Transactions on Automatic
Control 51, 2006.
"""

from __future__ import annotations

import math

import numpy as np

from swarm_consensus.arrays import Array, inner

EPSILON = 0.1  # 1/m^2, of the sigma-norm
ALIGNED = 0.2  # h: share of the range (in the sigma-norm) within which a neighbour counts in full
SIGHT = 1.2  # r / d, at which a neighbour counts no more: short of the next shell of the lattice at 1.73
STRENGTH = 5.0  # a = b, most that a neighbour too near pushes, and one too far pulls, m/s^2


def sigma_norm(offset: Array) -> Array:
    r"""Smooth length, (sqrt(1 + eps ``|z|``^2) - 1) / eps, of vectors (..., d); shape (...), eq. (8)."""
    return np.asarray((np.sqrt(1.0 + EPSILON * inner(offset, offset)) - 1.0) / EPSILON)


def sigma_length(distance: float) -> float:
    """Sigma-norm of a vector of that length."""
    return (math.sqrt(1.0 + EPSILON * distance * distance) - 1.0) / EPSILON


def bump(share: Array, full: float = ALIGNED) -> Array:
    r"""Weight 1 up to h, then smoothly down to 0 at 1, eq. (10).

    .. math:: \rho_h(z) = 1, \quad \tfrac12 (1 + \cos(\pi (z - h) / (1 - h))), \quad 0

    Parameters
    ----------
    share
        z, at least zero, shape (...).
    full
        h, in [0, 1).
    """
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.minimum(np.maximum((share - full) / (1.0 - full), 0.0), 1.0)))


def adjacency(reach: Array, spacing: float) -> Array:
    """How much neighbours count, a_ij = rho_h(z / r_alpha), eq. (11), of sigma-norms z, shape (...)."""
    return bump(reach / sigma_length(SIGHT * spacing))


def phi_alpha(reach: Array, spacing: float) -> Array:
    r"""Pull between two robots: positive where they are farther apart than the spacing, eq. (15).

    .. math:: \phi_\alpha(z) = \rho_h(z / r_\alpha) \phi(z - d_\alpha), \quad
              \phi(z) = \tfrac12 ((a + b) \sigma_1(z + c) + (a - b)), \quad \sigma_1(z) = z / \sqrt{1 + z^2}

    Here a = b, so that c = 0.

    Parameters
    ----------
    reach
        z, sigma-norm of the offset between them, shape (...).
    spacing
        d, m.

    Returns
    -------
    Array
        Shape (...), m/s^2.
    """
    return np.asarray(adjacency(reach, spacing) * _action(reach, spacing))


def _action(reach: Array, spacing: float) -> Array:
    """Return phi(z - d_alpha) = a sigma_1(z - d_alpha), without the range."""
    beyond = reach - sigma_length(spacing)
    return np.asarray(STRENGTH * beyond / np.sqrt(1.0 + beyond * beyond))


def flock_acceleration(offset: Array, slip: Array, spacing: float) -> Array:
    r"""Towards the lattice, and towards the velocity of those near by: the two sums of eq. (23).

    Parameters
    ----------
    offset
        q_i - q_j, own position minus each other's, shape (..., k, d), m.
    slip
        p_i - p_j, own velocity minus each other's, shape (..., k, d), m/s.
    spacing
        d, m.

    Returns
    -------
    Array
        Shape (..., d), m/s^2; zero without others; two at one place don't push each other.
    """
    stretch = np.sqrt(1.0 + EPSILON * inner(offset, offset))  # n_ij = (q_j - q_i) / stretch, eq. (9)
    reach = (stretch - 1.0) / EPSILON
    weight = adjacency(reach, spacing)
    pull = weight * _action(reach, spacing) / stretch
    return np.asarray(-(pull[..., None, :] @ offset + weight[..., None, :] @ slip)[..., 0, :])


def way_acceleration(behind: Array, velocity: Array, speed: float, gain: float) -> Array:
    r"""Navigational feedback towards a gamma agent at rest, eq. (24) with a pull that is bounded.

    .. math:: u = c_2 (V \sigma_1(q_\gamma - q_i) - p_i)

    The pull and the damping balance at the speed V, so that far away the flock travels at that speed.

    Parameters
    ----------
    behind
        From the robot to the gamma agent, shape (..., d), m.
    velocity
        p_i, shape (..., d), m/s.
    speed
        V = c_1 / c_2, m/s.
    gain
        c_2, 1/s.

    Returns
    -------
    Array
        Shape (..., d), m/s^2.
    """
    near = np.sqrt(1.0 + inner(behind, behind))[..., None]
    return np.asarray(gain * (speed * behind / near - velocity))
