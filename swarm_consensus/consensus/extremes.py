"""Agreement on the largest or the smallest value: exact after as many rounds as the network is wide.

Loss, delay, reordering, duplication and changing links only delay it, since hearing a value twice changes nothing.
It never forgets: a value that was once the largest stays so when its owner is gone, and a single liar decides the
result. Values that are not finite are passed over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.neighbourhood import heard


def maximum(own: Array, neighbours: Array, mask: NDArray[np.bool_]) -> Array:
    """Largest of the own value (..., d) and those heard (..., k, d) with mask (..., k), each coordinate by itself.

    Raises
    ------
    ConsensusError
        If the sizes do not fit.
    """
    usable = heard(own, neighbours, mask)
    said = np.where(usable[..., None], neighbours, own[..., None, :])
    return np.maximum(own, np.maximum.reduce(said, axis=-2, initial=-np.inf))


def minimum(own: Array, neighbours: Array, mask: NDArray[np.bool_]) -> Array:
    """Smallest of the own value and those heard; otherwise as `maximum`."""
    return -maximum(-own, -neighbours, mask)
