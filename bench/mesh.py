"""The mesh: flooding held in check against blind flooding and against link-state routing, and what each costs.

Robots stand at random in a square in which each hears about six others, or in a row. Robot 0 writes to all, as a
leader does, and all answer it. Frames are lost to each receiver by itself. All ways repeat a parcel under one rule
(until it is heard passed on, at most four times), so that they differ in who passes it on only.

Link-state routing knows the links that the swarm holds (those that are not the longest side of a triangle) without a
message and without delay. It passes a parcel on along the tree of shortest ways. Where a robot dies, it learns of it
when the others do: after `lost_after`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from arguments import number
from rich.console import Console
from rich.table import Table

from swarm_consensus.arrays import Array
from swarm_consensus.graph import algebraic_connectivity
from swarm_consensus.network.frame import MTU, unpack_ids
from swarm_consensus.network.frame import Parcels as Message
from swarm_consensus.network.mesh import Mesh, MeshSettings, Track
from swarm_consensus.network.mesh_parts import UNKNOWN, Parcel, only_goal

RATE = 20
RANGE = 1.0
DEGREE = 6.0  # neighbours in the mean
BEACON = 300  # bytes of a frame beside the mesh
LOST_AFTER = 100  # ticks
SETTINGS = MeshSettings(bytes_s=20_000)
_decoder = msgspec.msgpack.Decoder(Message)


class Blind(Mesh):
    """Everybody passes everything on."""

    def distance(self, robot: int) -> int:
        """Nobody knows how far anybody is."""
        return UNKNOWN


class Routed(Mesh):
    """Passes on what goes by way of this robot, in the tree of shortest ways along links."""

    tables: Sequence[Array]  # of links, (n, n), as known now

    def _children(self, parcel: Parcel) -> set[int]:
        return children(self.tables[0], parcel.origin, self._own, unpack_ids(parcel.to))

    def _pass_on(self, parcel: Parcel, track: Track) -> None:
        if track.told or track.parcel or parcel.hops >= self.settings.hops:
            super()._pass_on(parcel, track) if only_goal(parcel) == self._own else None
            return
        if self._children(parcel):
            self._say(parcel.origin, msgspec.structs.replace(parcel, hops=parcel.hops + 1), track)
        elif self._own in unpack_ids(parcel.to):
            self._say(parcel.origin, msgspec.structs.replace(parcel, data=b""), track)

    def _note_heard(self, sender: int, parcel: Parcel, track: Track) -> None:
        track.heard_from.add(sender)

    def _all_have(self, track: Track, parcel: Parcel) -> bool:
        return self._children(parcel) <= track.heard_from

    def _worded(self, parcel: Parcel) -> Parcel:
        return parcel


_trees: dict[tuple[bytes, int], dict[int, list[int]]] = {}


def children(links: Array, origin: int, own: int, to: frozenset[int]) -> set[int]:
    """Return the robots to whom one passes on what is for some, in the tree of shortest ways."""
    key = (links.tobytes(), origin)
    tree = _trees.setdefault(key, {}) if key in _trees else _trees.setdefault(key, _ways(links, origin))
    found = set()
    for goal in to:
        way = tree.get(goal, [])
        if own in way and way[-1] != own:
            found.add(way[way.index(own) + 1])
    return found


def _ways(links: Array, origin: int) -> dict[int, list[int]]:
    ways = {origin: [origin]}
    queue = [origin]
    while queue:
        here = queue.pop(0)
        for there in np.flatnonzero(links[here]).tolist():
            if there not in ways:
                ways[there] = [*ways[here], there]
                queue.append(there)
    return ways


@dataclass
class Swarm:
    """Robots that stand still, and only talk."""

    kind: type[Mesh]
    hears: Array  # (n, n) who is in range of whom
    loss: float
    rng: np.random.Generator
    tables: list[Array] = field(default_factory=list)
    tick: int = 1000

    def __post_init__(self) -> None:
        count = len(self.hears)
        self.meshes = [self.kind(i, count, SETTINGS, RATE) for i in range(count)]
        for mesh in self.meshes:
            mesh.tables = self.tables  # type: ignore[attr-defined]
        self.alive = np.ones(count, dtype=bool)
        self.air: list[tuple[int, bytes | None]] = []
        self.most = 0  # bytes in one frame

    def step(self, act: Callable[[int, Mesh, list[tuple[int, bytes]]], None]) -> None:
        """Let a tick pass; `act` is told what each robot got, and may send."""
        self.tick += 1
        heard = self.air
        self.air = []
        lost = self.rng.random(self.hears.shape) < self.loss
        for i, mesh in enumerate(self.meshes):
            if not self.alive[i]:
                continue
            mesh.begin(self.tick)
            got: list[tuple[int, bytes]] = []
            for sender, raw in heard:
                if self.hears[sender, i] and not lost[sender, i]:
                    mesh.meet(sender)
                    if raw is not None:
                        got += mesh.hear(sender, _decoder.decode(raw))
            act(i, mesh, got)
            said = mesh.take(MTU - BEACON)
            self.air.append((i, bytes(said[0]) if said else None))


def square(count: int, rng: np.random.Generator) -> Array:
    """Return places of a connected swarm, (n, 2)."""
    side = np.sqrt(count * np.pi / DEGREE)
    while True:
        place = rng.uniform(0.0, side, (count, 2))
        if algebraic_connectivity(in_range(place).astype(float)) > 1e-6:
            return np.asarray(place)


def in_range(place: Array) -> Array:
    """Return who hears whom, (n, n)."""
    near = np.linalg.norm(place[:, None] - place[None], axis=2) <= RANGE
    np.fill_diagonal(near, False)
    return near


def held(place: Array) -> Array:
    """Return the links that are held: none is the longest side of a triangle, (n, n)."""
    distance = np.linalg.norm(place[:, None] - place[None], axis=2)
    links = in_range(place)
    for i, j in np.argwhere(links):
        links[i, j] = not np.any((distance[i] < distance[i, j]) & (distance[j] < distance[i, j]))
    return links


@dataclass
class Result:
    """What came of one kind of traffic."""

    sent: int = 0
    delay: list[int] = field(default_factory=list)  # ticks, of what arrived
    mean: float = 0.0  # bytes a second and robot
    most: float = 0.0  # of the robot that sends most


def traffic(kind: type[Mesh], place: Array, loss: float, seed: int, *, dies: bool = False, seconds: int = 20) -> Result:
    """Let robot 0 write 60 bytes to all each 0.4 s, and all answer with 25."""
    rng = np.random.default_rng(seed)
    links = held(place)
    swarm = Swarm(kind, in_range(place), loss, rng, [links])
    count, result = len(place), Result()
    victim = _inner(links, swarm.hears) if dies else 0
    begin = swarm.tick
    sums = [0] * count
    for k in range(seconds * RATE):
        if dies and k == 5 * RATE:
            swarm.alive[victim] = False
        if dies and k == 5 * RATE + LOST_AFTER:
            known = _held_without(place, victim)
            swarm.tables[0] = known
        living = int(swarm.alive.sum())

        def act(i: int, mesh: Mesh, got: list[tuple[int, bytes]], k: int = k, living: int = living) -> None:
            for origin, payload in got:
                result.delay.append(swarm.tick - int.from_bytes(payload[:4], "big"))
                if i and origin == 0:
                    mesh.send([0], swarm.tick.to_bytes(4, "big") + bytes(21))
                    result.sent += 1
            if i == 0 and k % 8 == 0 and k < seconds * RATE - 40:
                mesh.send(range(count), swarm.tick.to_bytes(4, "big") + bytes(56))
                result.sent += living - 1

        swarm.step(act)
        if k == 2 * RATE:
            begin, sums = swarm.tick, [mesh.sent for mesh in swarm.meshes]
    time = (swarm.tick - begin) / RATE
    spent = np.array([mesh.sent - before for mesh, before in zip(swarm.meshes, sums, strict=True)]) / time
    result.mean, result.most = float(spent.mean()), float(spent.max())
    return result


def _inner(links: Array, hears: Array) -> int:
    """Return the robot, not 0, with most links whose death leaves the others connected by radio."""
    for robot in np.argsort(-links.sum(axis=0)).tolist():
        rest = np.delete(np.arange(len(links)), robot)
        if robot and algebraic_connectivity(hears[np.ix_(rest, rest)].astype(float)) > 1e-6:
            return int(robot)
    raise RuntimeError("whoever dies, the others are cut in two")


def _held_without(place: Array, victim: int) -> Array:
    rest = np.delete(np.arange(len(place)), victim)
    links = np.zeros((len(place), len(place)), dtype=bool)
    links[np.ix_(rest, rest)] = held(place[rest])
    return links


def row(count: int) -> Array:
    """Return places in a row in which each hears the next only, (n, 2)."""
    return np.array([[0.9 * i, 0.0] for i in range(count)])


def main() -> None:
    """Print the table."""
    seeds = range(number(__doc__, "seeds", 3))
    table = Table(
        "robots", "loss", "way", "arrived", "ticks p50", "p99", "bytes/s a robot", "who sends most", title="Mesh"
    )
    cases: list[tuple[str, int, float, bool]] = [
        *[("square", n, loss, False) for n in (5, 10, 20, 50) for loss in (0.0, 0.3)],
        ("row", 5, 0.0, False),
        ("row", 5, 0.3, False),
        ("square, one dies", 20, 0.1, True),
    ]
    for where, count, loss, dies in cases:
        for name, kind in (("blind flooding", Blind), ("link-state", Routed), ("the mesh", Mesh)):
            results = []
            for seed in seeds:
                place = row(count) if where == "row" else square(count, np.random.default_rng(seed))
                results.append(traffic(kind, place, loss, seed, dies=dies))
            delay = np.concatenate([result.delay for result in results])
            sent = sum(result.sent for result in results)
            mean, most = np.mean([r.mean for r in results]), np.max([r.most for r in results])
            table.add_row(
                f"{count} ({where})",
                f"{loss:.0%}",
                name,
                f"{len(delay) / sent:.1%}",
                f"{np.percentile(delay, 50):.0f}",
                f"{np.percentile(delay, 99):.0f}",
                f"{mean:.0f}",
                f"{most:.0f}",
            )
        table.add_section()
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
