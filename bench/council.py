"""Decisions over the mesh of robots in a row, with captured members: how soon, and bytes. `council.py N`: N runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import numpy as np
from arguments import number
from rich.console import Console
from rich.table import Table

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
RUNS = 100  # of the campaign, unless another number is given
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


def row(name: str, council: Council) -> list[str]:
    """Run until all know, then until liars are found out, and return a row of the table."""
    start = council.tick
    council.run()
    ticks, sent = council.tick - start, [robot._mesh.sent for robot in council.robots]
    council.step(4 * TIMING.again)
    values, views = set(council.values()), {council.robots[robot].status(NAMES)[0].view for robot in council.honest()}
    caught = f"{len(council.proven())} of {len(council.traitors)}" if council.traitors else ""
    return [name, str(ticks), f"{np.mean(sent):.0f}", str(max(views)), caught, str(len(values))]


def campaign(runs: int) -> str:
    """Random swarms with as many traitors as they bear, loss, several hops, crashes; all must decide alike."""
    slowest, caught, traitors, crashes = 0, 0, 0, 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        count = int(rng.choice((4, 7, 10)))
        bad = rng.choice(count, liars_tolerated(count), replace=False).tolist()
        reach, loss = int(rng.integers(2, count)), float(rng.uniform(0.0, 0.3))
        council = Council(count, traitors=bad, reach=reach, loss=loss, seed=seed, budget=16_000)
        while not all(council.values()):
            council.step()
            if rng.random() < 0.02 and council.tick < 400:
                council.restart(int(rng.integers(count)))
                crashes += 1
            assert council.tick < 6000, f"run {seed}: no decision"
        slowest = max(slowest, council.tick - 100)
        assert len(set(council.values())) == 1, f"run {seed}: {council.values()}"
        assert council.proven() <= {NAMES[robot] for robot in bad}, f"run {seed}: an honest robot is shown to lie"
        caught, traitors = caught + len(council.proven()), traitors + len(bad)
    return (
        f"{runs} runs, {crashes} crashes, {traitors} traitors of whom {caught} were caught as soon as all knew, "
        f"slowest {slowest} ticks; nobody parted, no honest robot shown to lie"
    )


def main() -> None:
    """Print the table and the campaign."""
    table = Table("swarm", "ticks until all know", "bytes a robot", "view", "caught", "values decided")
    for count in (4, 7, 10):
        table.add_row(*row(f"{count} members, all hear each other", Council(count)))
    table.add_row(*row("7 in a row, 3 hops, 10 % loss", Council(7, reach=2, loss=0.1)))
    silent = Council(7)
    silent.off = {0}
    table.add_row(*row("7, the first primary is silent", silent))
    table.add_row(*row("7, 2 captured", Council(7, traitors=[0, 3])))
    table.add_row(*row("7, 3 captured, 60 kB/s", Council(7, traitors=[0, 3, 5], budget=60_000)))
    Console().print(table)
    print(campaign(number(__doc__, "runs", RUNS)))


if __name__ == "__main__":
    main()
