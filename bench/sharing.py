"""The log on the air: bytes a second of each robot, idle and busy, and how many ticks a command takes.

Robots stand still as in `mesh`; each has its replica, five vote. Idle: nobody asks anything. Busy: robots in turn write
five lines a second in all. Flooded: each robot writes one a second. A command is settled when its leader knows that a
majority stores it. Times are the scenario's defaults, for 50 robots, which are up to ten hops apart, 2.7 times as long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import numpy as np
from arguments import number
from mesh import RATE, in_range, row, square
from rich.console import Console
from rich.table import Table

from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.arrays import Array
from swarm_consensus.network.frame import MTU, Parcels
from swarm_consensus.network.mesh import MeshSettings
from swarm_consensus.robot.facts import Facts, FactsOrders

SETTINGS = Settings(election_ticks=30, heartbeat_ticks=8, delay_ticks=6, message_bytes=480)  # the scenario's defaults
FAR = Settings(election_ticks=80, heartbeat_ticks=20, delay_ticks=18, message_bytes=480)
BEACON = 300  # bytes of a frame beside the mesh
_decoder = msgspec.msgpack.Decoder(Parcels)


@dataclass
class Sharing:
    """Robots that stand still and share a log."""

    hears: Array  # (n, n)
    voters: tuple[int, ...]
    loss: float
    seed: int
    report: int = 0  # ticks
    tick: int = 1000
    air: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = len(self.hears)
        self.rng = np.random.default_rng(self.seed)
        settings = SETTINGS if count < 50 else FAR
        orders = FactsOrders(self.voters, settings, MeshSettings(), self.report)
        self.robots = [Facts(i, count, orders, RATE) for i in range(count)]
        self.air = [b""] * count

    def step(self, request: int | None = None) -> None:
        """Let a tick pass, in which a request reaches a robot, if it is asked."""
        self.tick += 1
        heard, self.air = self.air, [b""] * len(self.robots)
        lost = self.rng.random(self.hears.shape) < self.loss
        for i, facts in enumerate(self.robots):
            facts.begin(self.tick)
            for j in np.flatnonzero(self.hears[:, i] & ~lost[:, i]).tolist():
                facts.meet(j)
                if heard[j]:
                    facts.hear(j, _decoder.decode(heard[j]))
            if request == i and facts._replica is not None:
                facts._replica.node.propose(bytes(20))
            facts.act()
            self.air[i] = b"".join(map(bytes, facts.take(MTU - BEACON)))

    def leader(self) -> int | None:
        """Return who leads, if it knows."""
        leads = [i for i, facts in enumerate(self.robots) if facts._replica and facts._replica.node.lead]
        return leads[0] if len(leads) == 1 else None

    def commit(self, robot: int) -> int:
        """Return up to where a robot knows the log to be settled."""
        replica = self.robots[robot]._replica
        return 0 if replica is None else replica.node.state.log.commit


def spent(count: int, loss: float, report: int, seed: int, seconds: int) -> tuple[float, float, float]:
    """Bytes a second of a robot in the mean and at most, and commits a second, after 8 s to settle down."""
    place = square(count, np.random.default_rng(seed))
    sharing = Sharing(in_range(place), tuple(range(5)), loss, seed, report)
    for _ in range(8 * RATE):
        sharing.step()
    before, commits = np.array([facts.mesh.sent for facts in sharing.robots]), sharing.commit(0)
    for _ in range(seconds * RATE):
        sharing.step()
    each = (np.array([facts.mesh.sent for facts in sharing.robots]) - before) / seconds
    return float(each.mean()), float(each.max()), (sharing.commit(0) - commits) / seconds


def ticks(hears: Array, voters: tuple[int, ...], loss: float, count: int, seed: int = 0) -> Array:
    """Ticks from a request reaching the leader until it is settled, one request after the other."""
    sharing, found = Sharing(hears, voters, loss, seed), []
    while len(found) < count:
        leader = sharing.leader()
        if leader is None or sharing.tick < 1000 + 8 * RATE:
            sharing.step()
            continue
        before, begin = sharing.commit(leader), sharing.tick + 1
        sharing.step(request=leader)
        while sharing.commit(leader) == before and sharing.leader() == leader:
            sharing.step()
        if sharing.leader() == leader:
            found.append(sharing.tick - begin)
        for _ in range(int(sharing.rng.integers(1, 20))):
            sharing.step()
    return np.array(found)


def main() -> None:
    """Print the tables."""
    seconds = number(__doc__, "seconds", 20)
    table = Table("robots", "loss", "", "bytes/s a robot", "who sends most", "commits/s", title="The log on the air")
    for count in (5, 10, 20, 50):
        for loss in (0.0, 0.3):
            loads = {"idle": 0, "busy": RATE * count // 5, "flooded": RATE}
            for load, report in loads.items() if count > 5 else list(loads.items())[:2]:
                mean, most, commits = spent(count, loss, report, 0, seconds)
                words = f"{count}", f"{loss:.0%}", load
                table.add_row(*words, f"{mean:.0f}", f"{most:.0f}", f"{commits:.1f}")
    console = Console(width=110)
    console.print(table)
    shown = Table("case", "p50", "p99", "most", title="Ticks from the request to the commit")
    full = ~np.eye(5, dtype=bool)
    for name, hears, voters, loss, count in (
        ("5 robots, one hop, no loss", full, (0, 1, 2, 3, 4), 0.0, 200),
        ("5 robots, one hop, 30 % loss", full, (0, 1, 2, 3, 4), 0.3, 300),
        ("2 voters, 4 hops apart, no loss", in_range(row(5)), (0, 4), 0.0, 200),
        ("2 voters, 4 hops apart, 30 % loss", in_range(row(5)), (0, 4), 0.3, 300),
    ):
        found = ticks(hears, voters, loss, count)
        shown.add_row(name, *(f"{np.percentile(found, p):.0f}" for p in (50, 99)), f"{found.max()}")
    console.print(shown)


if __name__ == "__main__":
    main()
