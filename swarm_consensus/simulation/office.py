"""Where jobs take effect: it hears all robots by an uplink that loses nothing, and does what it is told, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from swarm_consensus.agreement.trigger import Executor
from swarm_consensus.network.frame import Frame, Note, messages_of
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.facts import JOBS, read_effort


@dataclass(frozen=True, slots=True)
class Effect:
    """An attempt as the executor saw it."""

    robot: int  # who made it
    job: str
    number: int  # the occurrence
    token: int
    verdict: Literal["go", "done", "stale"]  # go: it took effect


class Office:
    """The executor of all jobs of a scenario; its memory outlives everything.

    Parameters
    ----------
    ears
        Open what robots seal.
    """

    def __init__(self, ears: Ears) -> None:
        self.executor = Executor()
        self._ears = ears

    def hear(self, frames: Sequence[bytes | None]) -> tuple[Effect, ...]:
        """Take this tick's frames, one for each robot, and return what came of them."""
        found = []
        for robot, packet in enumerate(frames):
            frame = None if packet is None else self._ears.frame(packet)
            for note in [] if frame is None else notes_of(frame, JOBS):
                effort = read_effort(note)
                if effort is not None and effort.attempt.robot == robot:
                    verdict = self.executor.admits(effort.attempt, effort.job)
                    found.append(Effect(robot, effort.job, effort.attempt.number, effort.attempt.token, verdict))
        return tuple(found)


def notes_of(frame: Frame, topic: str) -> list[Note]:
    """Return what a frame says of a topic."""
    return [each for each in messages_of(frame) if isinstance(each, Note) and each.topic == topic]
