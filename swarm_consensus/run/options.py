"""What a person asks of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Transport = Literal["dds", "memory"]
Processes = Literal["one", "each"]
Pace = Literal["fast", "realtime"]
Physics = Literal["pybullet", "kinematic"]


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of ``swarm run``."""

    world: str | Path  # a scenario file, or the name of one that ships with the package
    robots: int | None = None  # how many instead of the scenario's number
    seed: int = 0
    transport: Transport = "memory"
    processes: Processes = "one"
    pace: Pace = "fast"
    physics: Physics = "kinematic"
    duration: float | None = None  # s, instead of the scenario's
    out: str | Path | None = None  # run folder; None: runs/<world>-seed<seed>
    gui: bool = False
    video: bool = False
