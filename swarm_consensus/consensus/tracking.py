r"""Tracking the average of inputs that change: dynamic average consensus.

.. math:: x(k+1) = u(k+1) + (1 - \epsilon)\,(W x(k) - u(k)), \qquad x(0) = u(0)

With epsilon = 0 this is W x plus the change of the own input. The mean of the x is then the mean of the u at every
round, exactly, and only the distance to it is of interest. With Delta at least the norm of the change of the inputs in
a round, its common part removed,

.. math:: |x(k) - \bar u(k)| \le \rho^k |x(0) - \bar u(0)| + \Delta (1 - \rho^k) / (1 - \rho),

which is reached by inputs that keep changing along the slowest mode. Inputs that stand still are averaged exactly.

*Leak.* With epsilon = 0 the sum must begin right and never be disturbed: one lost message, or a robot that joins with
x other than u, stays in the mean for ever. With epsilon > 0 the mean's error shrinks by 1 - epsilon a round. Its price
is that inputs that stand still are no longer averaged exactly: the distance settles within
epsilon D / (1 - (1 - epsilon) rho), D the distance of the inputs themselves to their mean.

Over links that lose messages, use `running_sums.RunningSums.update` instead.

References
----------
M. Zhu, S. Martinez, "Discrete-time dynamic average consensus", Automatica 46, 2010. S. Kia et al., "Tutorial on dynamic
average consensus", IEEE Control Syst. 39(3), 2019.
"""

from __future__ import annotations

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import ConsensusError, checked_rho


def step(mixed: Array, now: Array, before: Array, leak: float = 0.0) -> Array:
    """One round, for one robot or a network.

    Parameters
    ----------
    mixed
        W x(k), from `average.mix` or ``weights @ values``, shape (..., d).
    now, before
        u(k+1) and u(k), shape (..., d).
    leak
        epsilon, in [0, 1).

    Raises
    ------
    ConsensusError
        If the leak is not in [0, 1).
    """
    if not 0 <= leak < 1:
        raise ConsensusError(f"leak is {leak}, must be at least 0 and below 1")
    return now + (1.0 - leak) * (mixed - before)


def bound(rho: float, change: float, spread: float = 0.0, leak: float = 0.0) -> float:
    """Distance to the average of the inputs that is not exceeded in the long run, 2-norm over the nodes.

    Parameters
    ----------
    rho
        Largest ``|eigenvalue|`` of W - 11'/n.
    change
        Delta, largest norm of (I - 11'/n)(u(k+1) - u(k)).
    spread
        D, largest norm of (I - 11'/n) u; only counts with a leak.
    leak
        epsilon.

    Raises
    ------
    ConsensusError
        If rho is not in [0, 1).
    """
    return (change + leak * spread) / (1.0 - (1.0 - leak) * checked_rho(rho))
