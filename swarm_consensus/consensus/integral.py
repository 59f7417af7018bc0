r"""Consensus under constant unknown biases: integral action, the internal model of a constant.

Each robot moves its value at a rate that it commands and that an unknown constant d_i offsets (a clock's skew, wind, a
sensor off by a constant in an outer loop). With e_i the pull towards the neighbours, in sum e = -L x:

.. math:: x(k+1) = x(k) + h\,(k_p e + k_i y + \gamma (r - x) + d), \quad y(k+1) = y(k) + h\, e

*What it restores is consensus, not the mean.* The differences of the values go to zero exactly. In the steady state k_i
y equals minus d up to a common number: the bias is learnt. The mean still drifts, because no exchange among the robots
can tell a bias they all share from a motion they all want:

- alone: the mean moves on at 1'd/n per second, for ever;
- with a **leak**, gamma > 0 towards each robot's own reference r_i: the drift becomes an offset, the mean settles at
  mean(r) + mean(d)/gamma, and consensus stays exact;
- with an **anchor**, one robot or more that has a neighbour who never moves and knows the truth (put it among the
  neighbours, with a weight of its own): all values settle on it, exactly, whatever the biases. L becomes L + G with G
  the diagonal of the anchors' weights, and the conditions below need the largest eigenvalue of that.

Without the integral (k_i = 0) the differences settle at (1/k_p) L^+ d. A bias in what neighbours *tell* of their values
is not this case: nobody can see it.

References
----------
M. Andreasson, D. Dimarogonas, H. Sandberg, K. H. Johansson, "Distributed control of networked dynamical systems: static
feedback, integral action and consensus", IEEE Trans. Autom. Control 59, 2014. The conditions of the Euler step are
derived at `objection`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import ConsensusError


@dataclass(frozen=True, slots=True)
class Gains:
    """Gains of the law."""

    proportional: float  # k_p, 1/s for links of weight 1, above 0
    integral: float  # k_i, 1/s^2, at least 0; 0 leaves the proportional rule
    step: float  # h, s, above 0
    leak: float = 0.0  # gamma, 1/s, at least 0


def objection(gains: Gains, largest: float) -> str | None:
    r"""Tell which condition of stability the gains break, or None if they are stable.

    On the mode of an eigenvalue l the step is [[1 - h (k_p l + gamma), h k_i], [-h l, 1]], with trace
    t = 2 - h (k_p l + gamma) and determinant D = 1 - h (k_p l + gamma) + h^2 k_i l. Both its eigenvalues lie inside the
    unit circle if and only if D < 1 and 1 + t + D > 0 (1 - t + D = h^2 k_i l is positive), which is

    .. math:: h k_i l < k_p l + \gamma, \qquad h\,\bigl(l (k_p - h k_i / 2) + \gamma\bigr) < 2.

    Both are linear in l, so that they hold on all modes if and only if they hold at both ends, l = largest and l = 0,
    where h gamma < 2 remains. Without leak they are h k_i < k_p and h l (k_p - h k_i / 2) < 2.

    Parameters
    ----------
    gains
        The gains.
    largest
        l_n, the largest eigenvalue of L (of L + G with anchors), or any bound above it, such as twice the largest
        degree. With a bound the conditions are sufficient; with the eigenvalue they are exact.
    """
    kp, ki, h, leak = gains.proportional, gains.integral, gains.step, gains.leak
    if not (np.isfinite([kp, ki, h, leak, largest]).all() and min(kp, h, largest) > 0 and min(ki, leak) >= 0):
        return (
            f"gains k_p = {kp}, k_i = {ki}, h = {h}, leak = {leak} with largest eigenvalue {largest}: "
            "k_p, h and the eigenvalue must be above 0, k_i and the leak at least 0"
        )
    rate = largest * (kp - h * ki / 2) + leak
    if not h * ki * largest < kp * largest + leak:
        return f"h k_i < k_p + leak / l_n fails: {h * ki:.6g} is not below {kp + leak / largest:.6g}; lower k_i or h"
    if not h * rate < 2:
        return f"h (l_n (k_p - h k_i / 2) + leak) < 2 fails: {h * rate:.6g} is not below 2; lower h or k_p"
    if not h * leak < 2:
        return f"h leak < 2 fails: {h * leak:.6g} is not below 2; lower h or the leak"
    return None


def checked_gains(gains: Gains, largest: float) -> Gains:
    """Return gains with which the law is stable on a network.

    Raises
    ------
    ConsensusError
        Names the inequality that fails, with both sides; parameters as `objection`.
    """
    problem = objection(gains, largest)
    if problem is not None:
        raise ConsensusError(problem)
    return gains


def command(gains: Gains, pulled: Array, learnt: Array) -> Array:
    """Rate to command, k_p e + k_i y, shape (..., d), unit of the values per second.

    Parameters
    ----------
    gains
        Gains that passed `checked_gains`.
    pulled
        e, from `average.pull` with the link weights, shape (..., d).
    learnt
        y, the state of the integrator, shape (..., d); begins at zero.
    """
    return gains.proportional * pulled + gains.integral * learnt


def leak(gains: Gains, values: Array, reference: Array) -> Array:
    """Rate to add to the command so that the mean does not drift, gamma (r - x), shape (..., d)."""
    return gains.leak * (reference - values)


def learn(gains: Gains, pulled: Array, learnt: Array) -> Array:
    """Return the integrator's next state, y + h e, from the same pull as the command's."""
    return learnt + gains.step * pulled
