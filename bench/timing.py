"""How benchmarks time a call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

ROUNDS = 7


def timed(call: Callable[[], object], repeat: int = 3000) -> float:
    """Median time of a call, us."""
    times = []
    for _ in range(repeat):
        begin = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - begin) / 1e3)
    return statistics.median(times)


def best(call: Callable[[], object], repeat: int) -> float:
    """Time of one call in the quickest of seven rounds, us."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter_ns()
        for _ in range(repeat):
            call()
        times.append((time.perf_counter_ns() - begin) / repeat / 1e3)
    return min(times)
