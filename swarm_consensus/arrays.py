"""The one name for a float64 array, and the one way to take lengths; signatures say shape and unit in words."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


def _inner_by_einsum(first: Array, second: Array) -> Array:
    return np.asarray(np.einsum("...d,...d->...", first, second))


# numpy 2 has it as one call of half the time; ROS 2 Jazzy's Ubuntu still ships numpy 1.26
inner = getattr(np, "vecdot", _inner_by_einsum)


def length(vector: Array) -> Array:
    """Return the Euclidean length of vectors (..., d), shape (...)."""
    return np.asarray(np.sqrt(inner(vector, vector)))
