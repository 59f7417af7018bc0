"""Where jobs take effect: it does what it is told once, and answers; both ways messages get lost, as frames do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from swarm_consensus.agreement.trigger import Executor, Ruling, pack_ruling
from swarm_consensus.network.frame import Frame, Note, messages_of
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.devices import Voice, plain
from swarm_consensus.robot.jobs import JOBS, read_effort


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
    rng
        Decides what is lost.
    loss
        Share of what it is told, and of what it answers, that is lost.
    voice
        Signs what it answers.
    """

    def __init__(self, ears: Ears, rng: np.random.Generator, loss: float, voice: Voice = plain) -> None:
        self.executor = Executor()
        self._ears = ears
        self._rng = rng
        self._loss = loss
        self._voice = voice
        self._answers: list[Ruling] = []  # for the next tick

    def hear(self, frames: Sequence[bytes | None]) -> tuple[Effect, ...]:
        """Take this tick's frames, one for each robot, and return what came of them."""
        found = []
        self._answers = []
        for robot, packet in enumerate(frames):
            frame = None if packet is None else self._ears.frame(packet)
            for note in [] if frame is None else notes_of(frame, JOBS):
                effort = read_effort(note)
                if effort is not None and effort.attempt.robot == robot and not self._is_lost():
                    number, token = effort.attempt.number, effort.attempt.token
                    verdict = self.executor.admits(effort.attempt, effort.job)
                    found.append(Effect(robot, effort.job, number, token, verdict))
                    self._answers.append(Ruling(effort.job, robot, token, verdict, number))
        return tuple(found)

    def answers(self, count: int) -> list[tuple[bytes, ...]]:
        """Return what reaches each of so many robots of what was answered in the tick before."""
        found: list[tuple[bytes, ...]] = [()] * count
        for ruling in self._answers:
            if not self._is_lost():
                found[ruling.robot] = (*found[ruling.robot], self._voice(pack_ruling(ruling)))
        return found

    def _is_lost(self) -> bool:
        return bool(self._rng.random() < self._loss)


def notes_of(frame: Frame, topic: str) -> list[Note]:
    """Return what a frame says of a topic."""
    return [each for each in messages_of(frame) if isinstance(each, Note) and each.topic == topic]
