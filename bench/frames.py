"""Frames, inbox and radio channel: microseconds and bytes, the best of several rounds in this process."""

from __future__ import annotations

import time

import numpy as np
from rich.console import Console
from rich.table import Table
from timing import best

from swarm_consensus.network.channel import Channel, ChannelModel
from swarm_consensus.network.frame import Frame, Sighting, Sightings, decode, encode, messages_of, pack_ids, packed
from swarm_consensus.network.inbox import Inbox

PERIOD = 0.05
ROUNDS = 7
NEWS = packed(Sightings(tuple(Sighting(robot, 1000, 1.5, 2.5, 0.06) for robot in range(4))))
PILLARS = tuple((np.array([[x, 0.0], [x + 1, 0.0], [x + 1, 1.0], [x, 1.0]]), 2.5) for x in range(0, 10, 2))


def beacon(sender: int, tick: int, *, robots: int, news: bool) -> Frame:
    """Return a frame whose every number takes its full width."""
    return Frame(
        sender=sender,
        sequence=tick,
        tick=tick,
        position=(12.3, -4.5, 0.67),
        velocity=(0.1, 0.2, -0.3),
        held=pack_ids(range(robots)),
        pushing=False,
        messages=(NEWS,) if news else (),
        anchor=(123_456_789, -123_456_789, 123_456_789),
    )


def inbox_time(ticks: int = 2000) -> float:
    """Time for one tick of eight neighbours' frames with second-hand news, us."""
    heard = [[encode(beacon(j, 1000 + k, robots=12, news=True)) for j in range(1, 9)] for k in range(ticks)]
    times = []
    for _ in range(ROUNDS):
        inbox = Inbox(own=0, roster_size=12, future_ticks=2, oldest_ticks=100)
        begin = time.perf_counter_ns()
        for k, frames in enumerate(heard):
            inbox.accept(frames, 1000 + k)
        times.append((time.perf_counter_ns() - begin) / ticks / 1e3)
        assert not inbox.dropped
    return min(times)


def channel_time(robots: int, *, walls: bool) -> float:
    """Time for one tick of the channel, sending and delivering, with every effect at work, us."""
    model = ChannelModel(
        range=8.0,
        period=PERIOD,
        walls=PILLARS if walls else (),
        loss=0.1,
        delay=0.05,
        jitter=0.02,
        duplicate=0.05,
        reorder=0.05,
    )
    rng = np.random.default_rng(0)
    position = rng.uniform(0.0, 10.0, (robots, 3))
    channel = Channel(model, rng)
    alive = np.ones(robots, dtype=bool)
    frames = [encode(beacon(j, 1000, robots=robots, news=True)) for j in range(robots)]
    tick = 0

    def step() -> None:
        nonlocal tick
        channel.deliver(tick * PERIOD, alive)
        channel.send(tick * PERIOD, frames, position, alive)
        tick += 1

    return best(step, 4000 // robots)


def main() -> None:
    """Print the table."""
    largest = beacon(99, 2**40, robots=100, news=False)
    usual = encode(beacon(3, 1200, robots=12, news=True))
    table = Table("what", "measured", "target", title="Frames and radio")
    table.add_row("beacon of 100 robots, tick 2^40", f"{len(encode(largest))} bytes", "128")
    table.add_row("  encode and decode", f"{best(lambda: decode(encode(largest)), 20_000):.2f} us", "5")
    table.add_row("beacon of 12 robots with 4 news", f"{len(usual)} bytes", "")
    table.add_row("  decode with its messages", f"{best(lambda: messages_of(decode(usual)), 20_000):.2f} us", "")
    table.add_row("inbox, 8 frames", f"{inbox_time():.1f} us", "12")
    for robots, target in ((12, "150"), (50, "2000")):
        table.add_row(f"channel, {robots} robots", f"{channel_time(robots, walls=False):.0f} us", target)
        table.add_row("  and five walls that block it", f"{channel_time(robots, walls=True):.0f} us", "")
    Console().print(table)


if __name__ == "__main__":
    main()
