r"""Averaging with two registers: the second-order scheme, at its best constant parameter.

.. math:: x(k+1) = \omega\, W x(k) + (1 - \omega)\, x(k-1), \quad x(1) = W x(0), \quad
          \omega = \frac{2}{1 + \sqrt{1 - \rho^2}}

shrinks the error by q = rho / (1 + sqrt(1 - rho^2)) a round in the long run, where plain averaging shrinks it by rho:
about the square root of the rounds. It needs a fixed network and symmetric W; lost messages break it as they do the
plain rule. Chebyshev weights (`chebyshev`) use the same registers and are never worse.

References
----------
S. Muthukrishnan, B. Ghosh, M. Schultz, "First- and second-order diffusive methods for rapid, coarse, distributed load
balancing", Theory Comput. Syst. 31, 1998.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import (
    Matrix,
    checked_count,
    checked_rho,
    checked_values,
    checked_weights,
    product,
)


@dataclass(frozen=True, slots=True)
class Registers:
    """What a node, or a whole network, remembers between rounds."""

    current: Array  # x(k), (..., d) or (..., n, d)
    previous: Array  # x(k-1), same shape; x(0) before the first round


def start(values: ArrayLike) -> Registers:
    """Registers before the first round, both x(0)."""
    array = np.asarray(values, dtype=float)
    return Registers(array, array)


def step(registers: Registers, mixed: Array, omega: float) -> Registers:
    """One round: the next registers from the mix W x(k) and the weight of this round."""
    return Registers(omega * mixed + (1.0 - omega) * registers.previous, registers.current)


def rate(rho: float) -> float:
    """Factor q by which the error shrinks each round in the long run.

    Examples
    --------
    >>> round(rate(0.8), 12)
    0.5
    """
    return checked_rho(rho) / (1.0 + math.sqrt(1.0 - rho * rho))


def weight(rho: float, k: int) -> float:
    """Weight omega of round k, counted from 0; the first is a plain one."""
    return 2.0 / (1.0 + math.sqrt(1.0 - checked_rho(rho) ** 2)) if k else 1.0


def bound(rho: float, k: int) -> float:
    r"""Largest error after k rounds, as a share of the first: :math:`(1 + k \sqrt{1 - \rho^2})\, q^k`.

    Reached by the mode whose eigenvalue is rho, a double root of the recurrence; modes in between turn with a
    smaller amplitude.
    """
    return (1.0 + k * math.sqrt(1.0 - rho * rho)) * rate(rho) ** k


def run(weights: ArrayLike | Matrix, values: ArrayLike, rounds: int, rho: float) -> Array:
    """Values of a whole network after some rounds.

    Parameters
    ----------
    weights, values, rounds
        As `average.run`.
    rho
        Largest ``|eigenvalue|`` of W - 11'/n, or a bound above it; below it the promise is void.

    Raises
    ------
    ConsensusError
        As `average.run`, and if rho is not in [0, 1).
    """
    matrix = checked_weights(weights)
    registers = start(checked_values(values, matrix.shape[-1]))
    for k in range(checked_count("rounds", rounds)):
        registers = step(registers, product(matrix, registers.current), weight(rho, k))
    return registers.current
