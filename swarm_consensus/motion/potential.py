"""Attraction and repulsion: the two forces that behaviours are made of.

They may be as naive as they like, since the barrier filter comes last and they can hurt nobody.
"""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array


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
    offset, left = waypoint - position, goal - position
    distance = np.sqrt(np.einsum("...d,...d->...", offset, offset))
    remaining = np.sqrt(np.einsum("...d,...d->...", left, left))
    scale = np.minimum(gain * remaining, speed) / np.maximum(distance, 1e-9)
    return np.asarray(offset * scale[..., None])


def repulsion(offset: Array, separation: Array, width: float, speed: float) -> Array:
    r"""Velocity away from others that are near, growing linearly as they come nearer than S + width.

    .. math:: v = V \sum_j \min(1, \max(0, (S_j + w - |o_j|) / w)) \, o_j / |o_j|

    Parameters
    ----------
    offset
        o, own position minus each other's, shape (..., k, d), m.
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
    distance = np.sqrt(np.einsum("...d,...d->...", offset, offset))
    strength = np.clip((separation + width - distance) / width, 0.0, 1.0) / np.maximum(distance, 1e-9)
    return np.asarray(speed * np.einsum("...k,...kd->...d", strength, offset))


def saturate(velocity: Array, speed: float) -> Array:
    """Shorten velocities (..., d) to at most `speed`, m/s, keeping their direction."""
    length = np.sqrt(np.einsum("...d,...d->...", velocity, velocity))
    return np.asarray(velocity * np.minimum(1.0, speed / np.maximum(length, 1e-12))[..., None])
