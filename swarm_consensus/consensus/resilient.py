r"""Consensus with liars among the neighbours: W-MSR (weighted mean subsequence reduced).

Each round a robot puts aside the F largest of the values above its own and the F smallest of those below (all of
them, if they are fewer), and moves to the mean of its own value and the rest.

*Safety* needs no assumption on the network: with at most F liars among the neighbours of each honest robot, whatever
they say, to whom, or not at all, no honest value leaves the interval spanned by the honest values at the start. A value
that is kept lies between two honest ones or is one. *Agreement* needs the network to be (F+1, F+1)-robust for F liars
in all (who tell all neighbours the same), (2F+1)-robust for F in each neighbourhood. High connectivity is not enough:
two K4 joined by a perfect matching have connectivity 4, and with F = 1 nobody ever believes the one neighbour on the
other side: they freeze with no liar at all.

*Vectors* are treated one coordinate at a time. What holds then is the *box*: each honest coordinate stays between the
smallest and the largest honest one. That is larger than the convex hull of the honest points: a liar can pull the
others to a corner of the box where nobody was.

*A value that is not finite* proves its sender a liar: it takes one of the F places at both ends, since so many fewer
liars can be among the others. If there are more of them than F, the assumption is void and the robot stays where it is.
*Silence* proves nothing on a radio that loses frames: who is not heard is left out, and F stays. It can cost agreement
where the network is no more robust than it must be; who knows that a neighbour is silent on purpose says NaN for it.

References
----------
H. LeBlanc, H. Zhang, X. Koutsoukos, S. Sundaram, "Resilient asymptotic consensus in robust networks", IEEE J. Sel.
Areas Commun. 31, 2013.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import checked_count
from swarm_consensus.consensus.neighbourhood import heard


def step(own: Array, neighbours: Array, mask: NDArray[np.bool_], liars: int) -> Array:
    r"""One round of W-MSR, with equal weights.

    Parameters
    ----------
    own
        x_i, shape (..., d).
    neighbours
        What each neighbour says, shape (..., k, d); anything at all.
    mask
        Who was heard, shape (..., k).
    liars
        F, at least 0. With 0 it is the mean of all that was heard.

    Returns
    -------
    Array
        Shape (..., d), never outside the kept values, not by a rounding either.

    Raises
    ------
    ConsensusError
        If F is below 0 or the sizes do not fit.
    """
    checked_count("the number of liars F", liars)
    usable = heard(own, neighbours, mask)
    if np.logical_and.reduce(usable, axis=None):
        return _trimmed(own, neighbours, usable.shape[-1], liars)
    said = np.where(usable[..., None], neighbours, own[..., None, :])
    count = np.add.reduce(usable, axis=-1)
    if np.count_nonzero(usable) == np.count_nonzero(mask):
        return _trimmed(own, said, count, liars)
    known = np.add.reduce(mask, axis=-1) - count  # who said what is no number
    result = own
    for fewer in range(liars + 1):
        result = np.where((known == fewer)[..., None], _trimmed(own, said, count, liars - fewer), result)
    return result


def _trimmed(own: Array, said: Array, count: NDArray[np.int_] | int, liars: int) -> Array:
    """Mean of the own value and of what is kept; in `said` the own value stands for whoever was not heard."""
    centre = own[..., None, :]
    ranked = np.concatenate((said, centre), axis=-2)  # the own value is neither above nor below itself: no rank moves
    ranked.sort(axis=-2)
    least, most, aside = _limits(ranked.shape[-2], liars)
    offset = ranked - centre
    kept = np.minimum(np.maximum(offset, least), most)  # 0 for who is put aside
    dropped = np.add.reduce(kept != offset, axis=-2)
    counted = count[..., None] if isinstance(count, np.ndarray) else count
    moved = own + np.add.reduce(kept, axis=-2) / (1 + counted - dropped)
    lowest, highest = np.minimum(ranked[..., aside, :], own), np.maximum(ranked[..., -1 - aside, :], own)
    return np.asarray(np.minimum(np.maximum(moved, lowest), highest))  # the last bit too


@lru_cache(maxsize=1024)
def _limits(count: int, liars: int) -> tuple[Array, Array, int]:
    """Between which offsets from the own value each rank is kept, (count, 1) each, and how many ranks are at an end."""
    least, most = np.full((2, count, 1), np.inf)
    least *= -1.0
    least[:liars] = most[max(count - liars, 0) :] = 0.0
    return least, most, min(liars, count - 1)
