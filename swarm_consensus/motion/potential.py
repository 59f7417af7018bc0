"""Attraction and repulsion: the two forces that behaviours are made of.

They may be as naive as they like, since the barrier filter comes last and they can hurt nobody.
"""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array, length

_TOUCHING = 1e-9  # keeps quotients finite


def attraction(position: Array, waypoint: Array, goal: Array, gain: float, speed: float) -> Array:
    r"""Velocity towards a waypoint, proportional to the distance to the goal up to a speed.

    .. math:: v = \min(\gamma |g - x|, V) \, (p - x) / |p - x|

    Parameters
    ----------
    position, waypoint, goal
        x, p and g, shape (..., d), m; where the goal is in sight it is the waypoint.
    gain
        gamma, 1/s.
    speed
        V, m/s.

    Returns
    -------
    Array
        Shape (..., d), m/s.
    """
    offset = waypoint - position
    distance = length(offset)
    remaining = distance if waypoint is goal else length(goal - position)
    scale = np.minimum(gain * remaining, speed) / np.maximum(distance, _TOUCHING)
    return np.asarray(offset * scale[..., None])


def repulsion(offset: Array, distance: Array, separation: Array, width: float, speed: float) -> Array:
    r"""Velocity away from others that are near, growing linearly as they come nearer than S + width.

    .. math:: v = V \sum_j \min(1, \max(0, (S_j + w - |o_j|) / w)) \, o_j / |o_j|

    Parameters
    ----------
    offset
        o, own position minus each other's, shape (..., k, d), m.
    distance
        ``|o|``, shape (..., k), m.
    separation
        S, distance at which the repulsion is full, shape (..., k), m.
    width
        w, distance over which it fades to nothing beyond S, m.
    speed
        V, m/s.

    Returns
    -------
    Array
        Shape (..., d), m/s.
    """
    share = np.minimum(np.maximum((separation - distance) / width + 1.0, 0.0), 1.0)
    strength = speed * share / np.maximum(distance, _TOUCHING)
    return np.asarray((strength[..., None, :] @ offset)[..., 0, :])


def saturate(velocity: Array, speed: float) -> Array:
    """Shorten velocities (..., d) to at most `speed`, m/s, keeping their direction."""
    share = np.minimum(1.0, speed / np.maximum(length(velocity), _TOUCHING))
    return np.asarray(velocity * share[..., None])
