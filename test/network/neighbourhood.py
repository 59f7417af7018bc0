"""Robots that only talk: who hears whom is given, and what is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from swarm_consensus.network.frame import Parcels
from swarm_consensus.network.mesh import Mesh, MeshSettings

RATE = 20
_decoder = msgspec.msgpack.Decoder(Parcels)
Links = dict[int, set[int]]


def row(count: int) -> Links:
    """Each hears the next."""
    return {i: {j for j in (i - 1, i + 1) if 0 <= j < count} for i in range(count)}


class Air:
    """Meshes, and the frames between them.

    Parameters
    ----------
    links
        Who hears whom.
    settings
        Of all.
    loses
        Tells whether what a robot says in a tick is lost to another.
    """

    def __init__(
        self,
        links: Links,
        settings: MeshSettings | None = None,
        loses: Callable[[int, int, int], bool] = lambda sender, to, tick: False,
        kind: type[Mesh] = Mesh,
    ) -> None:
        self.links = links
        self.tick = 1000
        self.meshes = [kind(i, len(links), settings or MeshSettings(), RATE) for i in range(len(links))]
        self.got: list[list[tuple[int, bytes]]] = [[] for _ in links]  # of each: origin and message, as they came
        self.when: dict[tuple[int, bytes], int] = {}  # robot and message: tick
        self.said: list[bytes] = [b""] * len(links)  # in the last tick
        self.room = 1000
        self._loses = loses
        for mesh in self.meshes:
            mesh.begin(self.tick)

    def step(self, ticks: int = 1) -> None:
        """Let ticks pass."""
        for _ in range(ticks):
            self.tick += 1
            before, self.said = self.said, [b""] * len(self.links)
            for i, mesh in enumerate(self.meshes):
                mesh.begin(self.tick)
                for sender in sorted(self.links[i]):
                    if not self._loses(sender, i, self.tick):
                        mesh.meet(sender)
                        self.tell(i, sender, before[sender])
            for i, mesh in enumerate(self.meshes):
                self.said[i] = b"".join(map(bytes, mesh.take(self.room)))

    def tell(self, robot: int, sender: int, said: bytes) -> None:
        """Let a robot hear the message of a frame."""
        if said:
            for origin, payload in self.meshes[robot].hear(sender, _decoder.decode(said)):
                self.got[robot].append((origin, payload))
                self.when.setdefault((robot, payload), self.tick)

    def send(self, origin: int, to: Iterable[int], payload: bytes) -> None:
        """Let a robot send something; it is said in the tick that passes next."""
        assert self.meshes[origin].send(to, payload)

    @property
    def spent(self) -> int:
        """Bytes that all said so far."""
        return sum(mesh.sent for mesh in self.meshes)
