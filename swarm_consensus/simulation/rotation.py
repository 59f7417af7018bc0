"""Quaternions (x, y, z, w), body to world, for all robots at once."""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array

_NEXT, _LAST = [1, 2, 0], [2, 0, 1]


def cross(first: Array, second: Array) -> Array:
    """Cross product of vectors (..., 3); several times faster than numpy's, which also handles what we never have."""
    return np.asarray(first[..., _NEXT] * second[..., _LAST] - first[..., _LAST] * second[..., _NEXT])


def rotate(orientation: Array, vector: Array) -> Array:
    """Turn body-frame vectors (n, 3) into the world frame, v + 2 u x (u x v + w v) with u the vector part."""
    u, w = orientation[:, :3], orientation[:, 3:]
    return np.asarray(vector + 2.0 * cross(u, cross(u, vector) + w * vector))


def rotate_back(orientation: Array, vector: Array) -> Array:
    """Turn world-frame vectors (n, 3) into the body frame."""
    u, w = -orientation[:, :3], orientation[:, 3:]
    return np.asarray(vector + 2.0 * cross(u, cross(u, vector) + w * vector))


def from_heading(heading: Array) -> Array:
    """Return the orientation (n, 4) of upright bodies with headings (n,), rad."""
    half = 0.5 * heading
    zero = np.zeros_like(half)
    return np.stack((zero, zero, np.sin(half), np.cos(half)), axis=-1)


def turned(orientation: Array, angle: Array) -> Array:
    """Turn orientations (n, 4) further by angles (n,) about the world's vertical, rad."""
    x, y, z, w = orientation.T
    s, c = np.sin(0.5 * angle), np.cos(0.5 * angle)
    return np.stack((c * x - s * y, c * y + s * x, c * z + s * w, c * w - s * z), axis=-1)
