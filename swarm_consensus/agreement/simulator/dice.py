"""Chance, from one seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """Draws, a thousand at a time from the generator: one at a time would take most of a run."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._drawn: list[float] = []

    def share(self) -> float:
        """Return a number from 0 to below 1."""
        if not self._drawn:
            self._drawn = self.rng.random(1024).tolist()
        return self._drawn.pop()

    def chance(self, probability: float) -> bool:
        """Tell whether something of a probability happens."""
        return self.share() < probability

    def between(self, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return low + int(self.share() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of several."""
        return choices[int(self.share() * len(choices))]
