"""Liars for tests, worlds and studies: what each would say in a round, to whom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from swarm_consensus.arrays import Array


class Adversary(Protocol):
    """One liar."""

    def __call__(self, number: int, receiver: int, rng: np.random.Generator) -> Array | None:
        """Return what it tells a receiver in the round of a number, shape (d,); None if it says nothing."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Sticks to its value and waits for the others to come."""

    value: Array  # (d,)

    def __call__(self, number: int, receiver: int, rng: np.random.Generator) -> Array | None:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Ramp:
    """Walks away at a constant speed, to take the others along."""

    value: Array  # (d,), in round 0
    rate: Array  # (d,), per round

    def __call__(self, number: int, receiver: int, rng: np.random.Generator) -> Array | None:
        """Return the value of the round."""
        return self.value + number * self.rate


@dataclass(frozen=True, slots=True)
class Oscillating:
    """Swings about a value, so that the others never settle."""

    value: Array  # (d,)
    amplitude: Array  # (d,)
    period: float  # rounds

    def __call__(self, number: int, receiver: int, rng: np.random.Generator) -> Array | None:
        """Return the value of the round."""
        return self.value + self.amplitude * math.sin(2 * math.pi * number / self.period)


@dataclass(frozen=True, slots=True)
class TwoFaced:
    """Tells each receiver something else, at random, new in every round."""

    value: Array  # (d,)
    amplitude: Array  # (d,), largest distance from it

    def __call__(self, number: int, receiver: int, rng: np.random.Generator) -> Array | None:
        """Return the value of the round for a receiver."""
        return self.value + self.amplitude * rng.uniform(-1.0, 1.0, self.value.shape)


@dataclass(frozen=True, slots=True)
class Divider:
    """Tells receivers of even number one value and those of odd number another, to keep them apart."""

    even: Array  # (d,)
    odd: Array  # (d,)

    def __call__(self, number: int, receiver: int, rng: np.random.Generator) -> Array | None:
        """Return the receiver's value."""
        return self.odd if receiver % 2 else self.even


@dataclass(frozen=True, slots=True)
class Silent:
    """Says nothing."""

    def __call__(self, number: int, receiver: int, rng: np.random.Generator) -> Array | None:
        """Return None."""
        return None
