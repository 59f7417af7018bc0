"""Who runs the robots' nodes while a world node hosts the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Crew(Protocol):
    """Starts and stops robots' nodes, and notices those that end by themselves. Robots are roster indexes."""

    def start(self, robot: int, rejoin: bool) -> None:
        """Start a robot's node; `rejoin` if the robot comes back after a crash."""
        ...

    def stop(self, robot: int) -> None:
        """End a robot's node at once, without a word to it, as a loss of power does."""
        ...

    def ended(self) -> Sequence[tuple[int, str]]:
        """Return the robots whose node ended by itself since the last call, each with why."""
        ...

    def close(self) -> None:
        """End all nodes and wait until they are gone."""
        ...


class Strangers:
    """Robots' nodes that others start and stop, as ``ros2 launch`` does."""

    def start(self, robot: int, rejoin: bool) -> None:
        """Leave it to the others."""

    def stop(self, robot: int) -> None:
        """Leave it to the others."""

    def ended(self) -> Sequence[tuple[int, str]]:
        """Return nobody: a node that ended is one that answers no longer."""
        return ()

    def close(self) -> None:
        """Leave it to the others."""
