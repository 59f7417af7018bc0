"""Bundles: bytes and time to spread a megabyte to twelve robots over three hops, with loss and a corrupting relay.

`bundles.py world [BYTES]`: the same in the frames of the robots of the world `bundle`, beside everything else.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.manifest import CHUNK, check, sign
from swarm_consensus.network.spreading import Chunk, Message, Offer, Pace, Shelf, Transfer, Want, pack
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.bundles import digest_of
from swarm_consensus.run.worlds import find_world, load
from swarm_consensus.simulation.cargo import data_of
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.fleet import agent_configs
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Security

KEY = PrivateKey(bytes(range(32)))
LAYERS = ((0,), (1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11))  # each hears its own layer, the one before and the one after
MEGABYTE = 1_000_000
PARTS: dict[type, str] = {Offer: "offers", Want: "requests", Chunk: "chunks"}


class Mesh:
    """Robots that hear their neighbours; each message to each neighbour is lost by itself.

    Parameters
    ----------
    data
        What robot 0 has.
    layers
        Who is how many hops away.
    loss
        Share of messages that a neighbour does not get.
    corrupting, silent
        Robots that hand chunks on altered, or that offer and never serve.
    seed
        Of the losses.
    pace
        Of all.
    """

    def __init__(
        self,
        data: bytes,
        layers: tuple[tuple[int, ...], ...] = LAYERS,
        loss: float = 0.1,
        corrupting: Collection[int] = (),
        silent: Collection[int] = (),
        seed: int = 0,
        pace: Pace | None = None,
        chunk: int = CHUNK,
    ) -> None:
        self.manifest = sign("map", 1, data, KEY, chunk)
        self.layer = {robot: number for number, layer in enumerate(layers) for robot in layer}
        self.pace = pace or Pace()
        self.robots: dict[int, Transfer] = {0: Transfer(0, self.manifest, self.pace, data=data)}
        self.corrupting, self.silent = frozenset(corrupting), frozenset(silent)
        self.loss, self.rng = loss, np.random.default_rng(seed)
        self.sent = dict.fromkeys(PARTS.values(), 0)  # bytes, each message once, however many hear it
        self.ticks = self.largest = 0
        self.shelves: dict[int, Shelf] = {}
        self._air: list[tuple[int, Message]] = []

    def neighbours(self, robot: int) -> list[int]:
        """Return who hears a robot."""
        return [each for each in self.layer if each != robot and abs(self.layer[each] - self.layer[robot]) <= 1]

    def tick(self) -> None:
        """Let a tick pass: what was said in the last one is heard, then all speak."""
        self.ticks += 1
        said, self._air = self._air, []
        for sender, message in said:
            for robot in self.neighbours(sender):
                if self.rng.random() >= self.loss:
                    self._hear(robot, sender, message)
        for number, robot in self.robots.items():
            for message in robot.tick():
                self._send(number, message)

    def _hear(self, robot: int, sender: int, message: Message) -> None:
        if robot not in self.robots:
            if not isinstance(message, Offer):
                return
            check(message.manifest, [KEY.public])
            self.robots[robot] = Transfer(robot, message.manifest, self.pace, self.shelves.get(robot))
        self.robots[robot].hear(sender, message)

    def _send(self, sender: int, message: Message) -> None:
        if isinstance(message, Chunk):
            if sender in self.silent:
                return
            if sender in self.corrupting:
                place = int(self.rng.integers(len(message.data)))
                altered = bytearray(message.data)
                altered[place] ^= 1 << int(self.rng.integers(8))
                message = msgspec.structs.replace(message, data=bytes(altered))
        size = len(pack(message))
        self.largest = max(self.largest, size)
        self.sent[
            "chunks" if isinstance(message, Chunk) else "offers" if isinstance(message, Offer) else "requests"
        ] += size
        self._air.append((sender, message))

    def honest(self) -> list[int]:
        """Return who neither corrupts nor keeps silent."""
        return [robot for robot in self.layer if robot not in self.corrupting | self.silent]

    def is_done(self) -> bool:
        """Tell whether all honest robots have everything."""
        return all(robot in self.robots and self.robots[robot].is_whole for robot in self.honest())

    def run(self, most: int = 60_000) -> Mesh:
        """Run until all honest robots have everything, or for so many ticks."""
        while not self.is_done() and self.ticks < most:
            self.tick()
        return self

    def named(self) -> dict[int, list[int]]:
        """Return who was named, and by whom."""
        found: dict[int, list[int]] = {}
        for number, robot in self.robots.items():
            for liar in robot.counters.faults:
                found.setdefault(liar, []).append(number)
        return found


def row(name: str, mesh: Mesh, data: bytes) -> list[str]:
    """Run a mesh and return a row of the table."""
    began = time.perf_counter()
    mesh.run()
    took = time.perf_counter() - began
    assert mesh.is_done()
    assert all(mesh.robots[robot].data() == data for robot in mesh.honest())
    ideal = len(data) * (len(mesh.layer) - 1)
    total = sum(mesh.sent.values())
    named = ", ".join(f"{liar} by {len(by)}" for liar, by in sorted(mesh.named().items())) or "nobody"
    parts = (f"{mesh.sent[part] / 1e6:.2f}" for part in ("chunks", "requests", "offers"))
    return [name, f"{total / 1e6:.2f}", *parts, f"{total / ideal:.2f}", str(mesh.ticks), f"{mesh.ticks / 20:.0f}",
            str(mesh.largest), named, f"{took:.1f}"]  # fmt: skip


def in_world(size: int) -> str:
    """Spread a bundle in the world of that name, without its crash and its seals, and say what it took."""
    world = load(find_world("bundle"))
    assert world.bundle
    change = msgspec.structs.replace
    bundle = change(world.bundle, bytes=size, budget_bytes_s=16_000)
    world = change(world, bundle=bundle, faults=[], security=Security(seal="none"), duration_s=20.0 + size / 2500)
    robots = place(world, np.random.default_rng(0))
    simulation = Simulation(world, robots, KinematicWorld(world, robots), np.random.default_rng(1))
    agents = [Agent(config) for config in agent_configs(world, robots)]
    while not simulation.done:
        stimuli = simulation.begin()
        simulation.finish(
            [agent.tick(stimulus) if stimulus else None for agent, stimulus in zip(agents, stimuli, strict=True)]
        )
        cargos = [agent._sharing.cargo(agent.names) for agent in agents]
        if all(cargo and cargo.digest and cargo.index for cargo in cargos):
            break
    right = digest_of(data_of(bundle))
    assert all(cargo and cargo.digest == right for cargo in cargos), cargos
    sent = sum(agent._sharing.bundles.sent for agent in agents if agent._sharing.bundles)
    named = {name for cargo in cargos if cargo for name in cargo.named}
    ideal = size * (len(agents) - 1)
    return (
        f"{size} bytes on all {len(agents)} robots, active from entry {cargos[0].index if cargos[0] else 0} on, after "
        f"{simulation.time:.1f} s; {sent / 1e6:.2f} MB sent, {sent / ideal:.2f} of the ideal; named: {', '.join(named)}"
    )


def main() -> None:
    """Print the table, or what the world took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=["table", "world"], default="table", help="the mesh alone, or a world"
    )
    parser.add_argument("bytes", nargs="?", type=int, default=MEGABYTE, help=f"in the world ({MEGABYTE})")
    chosen = parser.parse_args()
    if chosen.what == "world":
        print(in_world(chosen.bytes))
        return
    data = np.random.default_rng(1).bytes(MEGABYTE)
    table = Table(
        "mesh", "MB", "chunks", "wants", "offers", "over ideal", "ticks", "s at 20 Hz", "largest", "named", "s"
    )
    table.title = "1 MB to 11 others over 3 hops; ideal: each chunk once per link of a tree, 11 MB"
    table.add_row(*row("no loss", Mesh(data, loss=0.0), data))
    table.add_row(*row("10 % loss", Mesh(data), data))
    table.add_row(*row("10 % loss, relay 1 corrupts", Mesh(data, corrupting=[1]), data))
    table.add_row(*row("10 % loss, relays 1 and 5 corrupt", Mesh(data, corrupting=[1, 5]), data))
    table.add_row(*row("10 % loss, relay 1 never serves", Mesh(data, silent=[1]), data))
    chain = ((0,), (1,), (2,), (3,))
    table.add_row(*row("10 % loss, a chain of four, 3 links", Mesh(data, chain), data))
    Console().print(table)


if __name__ == "__main__":
    main()
