r"""Links kept: the limit that holds two robots' references within R of each other, whatever was not heard.

The mirror of `separation`. With w = r - q, D = ``|w|`` and rho as there, T the period and V the robot's speed limit:

- D^2 + (V T)^2 <= (R - rho)^2: i keeps inside the ball of radius R - rho about q; with ``|v| <= V`` this is implied by
  n.v <= ((R - rho)^2 - D^2 - (V T)^2) / (2 |w| T), and certifies a distance of at most R for the whole period.
- else: i moves only in directions that bring it nearer to *every* point where j may be,
  n.v + ((rho + V T) / |w|) |v| <= 0, or holds still.

At any moment in which the distance exceeds R neither robot has the first certificate, so both have the second and
the distance does not grow: R is never exceeded if it holds at the start. Age only enters through rho, so that delay
and loss cost speed and never the link.

The plain control barrier row n.v <= 0 in place of the second case is *not* safe: two robots that circle each other see
each other late, both believe that they close in, and spiral apart at 2 V^2 age / D (`test_links.py` shows it).
"""

from __future__ import annotations

import numpy as np

from swarm_consensus.arrays import Array, length
from swarm_consensus.motion.limits import Limits

_NOTHING = 1e-9  # m, keeps quotients finite


def link_limits(
    offset: Array,
    distance: Array,
    reach: Array,
    uncertainty: Array,
    speed: float,
    period: float,
    gain: float,
    dims: int,
) -> Limits:
    """Limits that keep this robot's links.

    Parameters
    ----------
    offset
        w, own reference minus each other's last known one, shape (..., k, 3), m.
    distance
        D, its length, shape (..., k), m.
    reach
        R, greatest distance allowed between the references, shape (..., k), m.
    uncertainty
        rho, how far each other may be from where it was known, until the end of the period, shape (..., k), m.
    speed
        V, greatest speed of this robot, m/s.
    period
        T, duration of a tick, s.
    gain
        Share of the slack that may be used up per second, 1/s; at most 1 / T.
    dims
        2 for a robot that moves in the plane (distances stay spatial), 3 for one that flies.

    Returns
    -------
    Limits
        With axis (..., k, dims).
    """
    step = speed * period
    moved = offset[..., :dims]
    across = np.maximum(distance if dims == 3 else length(moved), _NOTHING)
    radius = np.maximum(reach - uncertainty, 0.0)
    slack2 = radius * radius - distance * distance - step * step
    outside = slack2 < 0.0
    bound = (0.5 * gain) * np.maximum(slack2, 0.0) / across
    slope = (uncertainty + step) / across * outside
    return Limits(axis=moved / across[..., None], slope=slope, bound=bound)
