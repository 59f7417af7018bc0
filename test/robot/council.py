"""Robots in a row that only decide: a mesh and a disk each, a radio that loses, no physics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import numpy as np

from swarm_consensus.agreement.byzantine.decision import Timing
from swarm_consensus.agreement.quorum import liars_tolerated
from swarm_consensus.network.frame import Parcels
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.mesh import Mesh, MeshSettings
from swarm_consensus.robot.decisions import DecisionOrders, Decisions, Keys, Part
from swarm_consensus.robot.disk import MemoryDisk
from swarm_consensus.robot.seats import ABORT, COMMIT, Chair, Member, Question, Seat, Subject
from swarm_consensus.simulation.captured import Plot, Traitor

KEYS = [PrivateKey(bytes((number + 1,)) * 32) for number in range(16)]
NAMES = [f"r{number}" for number in range(16)]
TIMING = Timing(patience=100, again=60)
_decoder = msgspec.msgpack.Decoder(Parcels)


class Council:
    """A swarm that decides.

    Parameters
    ----------
    count, members
        Robots, and who of them votes; None: all.
    traitors
        Captured members.
    about
        What is decided.
    reach
        How many places away robots hear each other.
    loss
        Share of frames lost, each receiver on its own.
    seed
        Of the losses.
    honest
        What honest members are.
    budget
        Bytes a second of each mesh.
    """

    def __init__(
        self,
        count: int = 4,
        members: Sequence[int] | None = None,
        traitors: Sequence[int] = (),
        about: Subject = "meeting_point",
        abort: Sequence[int] = (),
        reach: int = 16,
        loss: float = 0.0,
        seed: int = 0,
        honest: Callable[[Chair], Seat] = Member,
        budget: int = 8000,
    ) -> None:
        voting = tuple(range(count)) if members is None else tuple(members)
        self.question = Question("q", about, b"council", voting, liars_tolerated(len(voting)))
        self.count, self.reach, self.loss, self.budget = count, reach, loss, budget
        self.traitors, self.abort = set(traitors), set(abort)
        self.rng = np.random.default_rng(seed)
        self.honest_member = honest
        others = [robot for robot in voting if robot not in self.traitors]
        values = (b"\x40" + bytes(15), b"\xc0" + bytes(15)) if about == "meeting_point" else (COMMIT, ABORT)
        self.plot = Plot(values, {robot: number % 2 for number, robot in enumerate(others)})
        self.disks = [MemoryDisk() for _ in range(count)]
        self.off: set[int] = set()
        self.tick = 100
        self.robots = [self.make(robot) for robot in range(count)]
        self.said: list[bytes] = [b""] * count

    def make(self, robot: int) -> Decisions:
        """Return a robot as it starts, with its disk."""
        value = None if self.question.about == "meeting_point" else ABORT if robot in self.abort else COMMIT
        kind = partial(Traitor, self.plot) if robot in self.traitors else self.honest_member
        orders = DecisionOrders((Part(self.question, TIMING, value, kind),))
        mesh = Mesh(robot, self.count, MeshSettings(bytes_s=self.budget), 20)
        keys = Keys(KEYS[robot], tuple(key.public for key in KEYS[: self.count]))
        found = Decisions(robot, orders, keys, mesh, self.disks[robot], np.zeros((0, 2)), ())
        found.start(np.array([float(robot), 0.5, 0.0]))
        return found

    def restart(self, robot: int) -> None:
        """Crash and come back."""
        self.robots[robot] = self.make(robot)
        self.said[robot] = b""

    def step(self, ticks: int = 1) -> None:
        """Let time pass."""
        for _ in range(ticks):
            self.tick += 1
            before, self.said = self.said, [b""] * self.count
            for i, robot in enumerate(self.robots):
                if i not in self.off:
                    self._tick(i, robot, before)

    def _tick(self, i: int, robot: Decisions, before: list[bytes]) -> None:
        mesh = robot._mesh
        mesh.begin(self.tick)
        for j in range(self.count):
            if j == i or j in self.off or abs(i - j) > self.reach or self.rng.random() < self.loss:
                continue
            mesh.meet(j)
            if before[j]:
                for origin, payload in mesh.hear(j, _decoder.decode(before[j])):
                    assert robot.hear(origin, payload)
        robot.act()
        self.said[i] = b"".join(map(bytes, mesh.take(1000)))

    def honest(self) -> list[int]:
        """Return who is not captured and is on."""
        return [robot for robot in range(self.count) if robot not in self.traitors | self.off]

    def values(self) -> list[str]:
        """Return what each honest robot knows of; '' for nothing."""
        return [self.robots[robot].status(NAMES)[0].value for robot in self.honest()]

    def run(self, most: int = 3000) -> Council:
        """Run until all honest robots know what was decided."""
        while not all(self.values()):
            self.step()
            assert self.tick < most, f"not decided by {most}: {self.values()}"
        return self

    def proven(self) -> set[str]:
        """Return whose lies honest robots have proofs of."""
        return {liar for robot in self.honest() for liar in self.robots[robot].status(NAMES)[0].liars}
