"""What random worlds are drawn with: `features` and `moves` share it."""

from __future__ import annotations

from typing import Any

import numpy as np

World = dict[str, Any]
Rng = np.random.Generator
SAFE = {"links_kept": True, "contacts": 0, "inside_fence": True}


def one_of(rng: Rng, low: int, high: int) -> int:
    """Draw a whole number, both ends included."""
    return int(rng.integers(low, high + 1))


def up_to(rng: Rng, high: float, low: float = 0.0) -> float:
    """Draw a number with two digits."""
    return round(float(rng.uniform(low, high)), 2)


def base(
    rng: Rng, kind: str, seconds: float, reach: tuple[float, float], bad: tuple[float, float] = (0.4, 0.15)
) -> World:
    """Return a world without robots; `bad` is the largest loss and delay, s."""
    return {
        "file_version": 1,
        "name": kind,
        "description": "Drawn at random.",
        "bounds_m": [[-9, -7], [9, 7]],
        "altitude_m": [0.3, 3],
        "radio": {
            "range_m": up_to(rng, reach[1], reach[0]),
            "loss": up_to(rng, bad[0]),
            "delay_s": up_to(rng, bad[1]),
            "jitter_s": up_to(rng, 0.1),
            "duplicate": up_to(rng, 0.2),
            "reorder": up_to(rng, 0.2),
        },
        "mission": {"behaviour": "rendezvous", "goal_m": [2, 0]},
        "duration_s": seconds,
        "expect": dict(SAFE),
    }


def group(name: str, count: int, area: tuple[float, float, float, float], vehicle: str = "rover") -> World:
    """Return a group that starts somewhere between west, south, east and north, m."""
    west, south, east, north = area
    spawn: World = {"polygon_m": [[west, south], [east, south], [east, north], [west, north]], "spacing_m": 1.0}
    if vehicle == "multirotor":
        spawn["altitude_m"] = 1.4
    return {"group": name, "vehicle": vehicle, "count": count, "spawn": spawn}


def cut(rng: Rng, world: World, names: list[str], longest: int) -> None:
    """Cut some robots off for a while, in two of three worlds."""
    if rng.random() < 0.65:
        start = one_of(rng, 5, 35)
        hours = [{"from_s": start, "until_s": start + one_of(rng, 2, longest), "groups": [names]}]
        world["radio"]["partitions"] = hours


def who(rng: Rng, count: int, least: int = 1) -> str:
    """Draw a robot."""
    return f"r_{one_of(rng, least, count)}"
