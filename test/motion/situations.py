"""What a law is told, for tests: a briefing in a square, and situations in it."""

from __future__ import annotations

import numpy as np
import shapely

from swarm_consensus.motion.behaviour import Briefing, Situation, Task
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.obstacles import Prism

SQUARE = np.array([[-5.0, -5.0], [5.0, -5.0], [5.0, 5.0], [-5.0, 5.0]])


def brief(task: Task, *, index: int = 0, count: int = 5, dims: int = 2, obstacles: tuple[Prism, ...] = ()) -> Briefing:
    """Brief one robot of a few in a square of 10 m."""
    return Briefing(
        task=task,
        index=index,
        count=count,
        dims=dims,
        period=0.05,
        speed=0.6,
        link=6.0,
        clearance=0.3,
        fence=SQUARE,
        obstacles=obstacles,
        guidance=Guidance(shapely.Polygon(), SQUARE, 0.3),
    )


def seen(position: np.ndarray, places: np.ndarray, *, own: int = 0, tick: int = 0, **changes: object) -> Situation:
    """Describe what a robot at a position sees of others at some places, all at rest."""
    count = len(places)
    offset = position - places
    fields: dict[str, object] = {
        "tick": tick,
        "position": position,
        "velocity": np.zeros(len(position)),
        "goal": None,
        "waypoint": None,
        "others": np.array([i for i in range(count + 2) if i != own][:count], dtype=np.intp),
        "offset": offset,
        "distance": np.linalg.norm(offset, axis=1),
        "separation": np.full(count, 0.7),
        "other_velocity": np.zeros_like(offset),
        "linked": np.ones(count, dtype=bool),
        "pushing": np.zeros(count, dtype=bool),
        "speed": 0.6,
        "count": count + 1,
    }
    return Situation(**(fields | changes))  # type: ignore[arg-type]
