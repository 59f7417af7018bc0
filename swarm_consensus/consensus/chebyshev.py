r"""Chebyshev acceleration: among all rules that mix k times, the one with the smallest worst error after k rounds.

With the registers of `two_register` and weights that change from round to round, x(k) - mean equals
T_k(W / rho) / T_k(1 / rho) applied to x(0) - mean, with T_k the Chebyshev polynomial. So for symmetric W

.. math:: |x(k) - \bar x| \le |x(0) - \bar x| \,/\, T_k(1/\rho) \quad\text{at every } k

and no other polynomial of degree k does better on [-rho, rho]. With q as in `two_register` it is 2 q^k / (1 + q^2k).
Weights depend on the round's number alone: nothing else needs to be agreed on. It needs a fixed network.

References
----------
G. Golub, R. Varga, "Chebyshev semi-iterative methods", Numer. Math. 3, 1961. E. Montijano, J. Montijano, C. Sagues,
"Chebyshev polynomials in distributed consensus applications", IEEE Trans. Signal Process. 61, 2013.
"""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from swarm_consensus.arrays import Array
from swarm_consensus.consensus.checks import (
    Matrix,
    checked_count,
    checked_rho,
    checked_tolerance,
    checked_values,
    checked_weights,
    product,
)
from swarm_consensus.consensus.two_register import rate, start, step


def weight(rho: float, k: int) -> float:
    r"""Weight omega of round k, counted from 0, :math:`2 T_k(1/\rho) / (\rho\, T_{k+1}(1/\rho))`; the first is 1.

    Examples
    --------
    >>> [round(weight(0.8, k), 4) for k in range(4)]
    [1.0, 1.4706, 1.3077, 1.2646]
    """
    square = rate(rho) ** 2
    return (1.0 + square) * (1.0 + square**k) / (1.0 + square ** (k + 1)) if k else 1.0


def bound(rho: float, k: int) -> float:
    """Largest error after k rounds, as a share of the first: 1 / T_k(1 / rho).

    Examples
    --------
    >>> round(bound(0.8, 10), 6)
    0.001953
    """
    power = rate(rho) ** k
    return 2.0 * power / (1.0 + power * power)


def rounds_needed(rho: float, tolerance: float) -> int:
    """Rounds after which the bound is at most the tolerance, arcosh(1/tolerance) / arcosh(1/rho) rounded up.

    Raises
    ------
    ConsensusError
        If the tolerance is not above 0 and at most 1, or rho not in [0, 1).

    Examples
    --------
    >>> rounds_needed(0.99, 1e-9)
    151
    """
    wanted = checked_tolerance(tolerance)
    return math.ceil(math.acosh(1.0 / wanted) / math.acosh(1.0 / rho)) if checked_rho(rho) else 1


def run(weights: ArrayLike | Matrix, values: ArrayLike, rounds: int, rho: float) -> Array:
    """Values of a whole network after some rounds; parameters and errors as `two_register.run`."""
    matrix = checked_weights(weights)
    registers = start(checked_values(values, matrix.shape[-1]))
    for k in range(checked_count("rounds", rounds)):
        registers = step(registers, product(matrix, registers.current), weight(rho, k))
    return registers.current
