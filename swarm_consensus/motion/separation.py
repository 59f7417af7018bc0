r"""Bodies apart: the limit that keeps two robots' references a distance S apart, whatever was not heard.

Robot i at r knows that robot j was at q, and bounds how far j can be from there during the coming period by rho
(its speed times the age of the news, plus one period). With w = r - q and D = ``|w|``:

- D >= S + rho: j is surely outside; i keeps to the half-space n.(r + v t - q) >= S + rho with n = w / D, which
  certifies a distance of at least S for the whole period whatever j does.
- D < S + rho: i moves only in directions that bring it no nearer to *any* point where j may be,
  v.w >= ``|v|`` rho, or holds still if j may be anywhere.

So at any moment in which the distance is below S neither robot has the first certificate, both have the second,
and the distance does not shrink: S is never undercut. This needs nothing of j but its speed bound and the same rule.
"""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array, length
from swarm_consensus.motion.limits import Limits

_NOTHING = 1e-9  # m, keeps quotients finite
_SHALLOW = 1e-6  # a cone all the same where nothing is uncertain


def separation_limits(
    offset: Array, distance: Array, separation: Array, uncertainty: Array, gain: float, dims: int
) -> Limits:
    r"""Limits that keep this robot clear of others.

    .. math:: -n \cdot v \le \gamma (D - \rho - S) \quad\text{or}\quad -n \cdot v + (\rho / |w|) |v| \le 0

    Parameters
    ----------
    offset
        w, own reference minus each other's last known one, shape (..., k, 3), m.
    distance
        D, its length, shape (..., k), m.
    separation
        S, smallest distance allowed between the references, shape (..., k), m.
    uncertainty
        rho, how far each other may be from where it was known, until the end of the period, shape (..., k), m.
    gain
        gamma, share of the slack that may be used up per second, 1/s; at most one over the period.
    dims
        2 for a robot that moves in the plane (distances stay spatial), 3 for one that flies.

    Returns
    -------
    Limits
        With axis (..., k, dims).
    """
    moved = offset[..., :dims]
    # straight above or below, across = 0, no move in the plane brings a robot nearer: the bound has no end
    across = np.maximum(distance if dims == 3 else length(moved), _NOTHING)
    slack = distance - uncertainty - separation
    inside = slack < 0.0
    bound = gain * np.maximum(slack, 0.0) * (distance / across)
    slope = np.maximum(uncertainty / across, _SHALLOW) * inside
    return Limits(axis=moved / -across[..., None], slope=slope, bound=bound)
