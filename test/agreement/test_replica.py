"""A node with its disk: three robots on three files, and a disk that refuses."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.journal import Journal
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Message
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.replica import News, Replica
from swarm_consensus.agreement.sessions import Command, Open, Sessions, pack
from swarm_consensus.agreement.simulator.counters import Counters, answer_of, pack_add
from swarm_consensus.agreement.storage import Storage

CONFIG = members([0, 1, 2])
SETTINGS = Settings(snapshot_entries=4, window=8)
wire: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class Robots:
    """Three robots in lockstep; their messages travel as bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disks: dict[int, Storage] = {}
        self.replicas: dict[int, Replica] = {}
        self.counters: dict[int, Counters] = {}
        for number in range(3):
            self.start(number)

    def start(self, number: int) -> None:
        disk = Storage(self.folder / f"{number}.sqlite", f"robot {number}", CONFIG)
        self.disks[number], self.counters[number] = disk, Counters()
        rng = np.random.default_rng(number)
        self.replicas[number] = Replica(number, SETTINGS, disk, Sessions(self.counters[number]), rng)

    def stop(self, number: int) -> None:
        self.disks.pop(number).close()
        del self.replicas[number]

    def tick(self, times: int = 1) -> dict[int, News]:
        news: dict[int, News] = {}
        for _ in range(times):
            for replica in self.replicas.values():
                replica.node.tick()
            news = self.settle()
        return news

    def settle(self) -> dict[int, News]:
        total = {number: News([], [], []) for number in self.replicas}
        post: list[bytes] = [b""]
        while post:
            for data in filter(None, post):
                message = wire.decode(data)
                if message.to in self.replicas:
                    self.replicas[message.to].node.step(message)
            post = []
            for number, replica in self.replicas.items():
                news = replica.pump()
                total[number].outcomes += news.outcomes
                total[number].reads += news.reads
                post += [msgspec.msgpack.encode(message) for message in news.messages]
        return total

    def leader(self) -> int:
        return next(number for number, replica in self.replicas.items() if replica.node.lead)


@pytest.fixture
def robots(tmp_path: Path) -> Robots:
    robots = Robots(tmp_path)
    robots.tick(25)
    return robots


def counted(robots: Robots, times: int) -> None:
    """Add 1 to counter 0 so many times, by way of a follower."""
    leader = robots.leader()
    asking = next(number for number in robots.replicas if number != leader)
    robots.replicas[asking].node.propose(pack(Open(7)))
    (opened,) = robots.settle()[asking].outcomes
    for number in range(1, times + 1):
        robots.replicas[asking].node.propose(pack(Command(opened.session, number, pack_add(0, 1))))
        (done,) = robots.settle()[asking].outcomes
        assert answer_of(done.answer) == number


def test_a_command_of_a_follower_is_applied_everywhere(robots: Robots) -> None:
    counted(robots, 3)
    robots.tick(3)
    assert [counters.value(0) for counters in robots.counters.values()] == [3, 3, 3]


def test_everything_is_there_after_all_were_switched_off(robots: Robots) -> None:
    counted(robots, 10)
    for number in range(3):
        robots.stop(number)
    for number in range(3):
        robots.start(number)
    robots.tick(45)
    assert [counters.value(0) for counters in robots.counters.values()] == [10, 10, 10]
    assert all(replica.node.state.log.snapshot.index > 0 for replica in robots.replicas.values())


def test_who_was_away_gets_a_snapshot_over_the_air(robots: Robots) -> None:
    away = next(number for number in range(3) if number != robots.leader())
    robots.stop(away)
    counted(robots, 20)
    robots.start(away)
    assert robots.replicas[away].node.state.log.last < robots.replicas[robots.leader()].node.state.log.base
    robots.tick(25)
    assert robots.counters[away].value(0) == 20


def test_a_read_sees_what_was_done_before_it(robots: Robots) -> None:
    counted(robots, 2)
    follower = next(number for number in range(3) if number != robots.leader())
    assert robots.replicas[follower].node.read(99)
    assert robots.settle()[follower].reads == [99]
    assert robots.counters[follower].value(0) == 2


def test_the_journal_lies_in_the_same_file(robots: Robots) -> None:
    head = Journal(robots.disks[0]).append([b"take-off"])
    counted(robots, 1)
    robots.stop(0)
    robots.start(0)
    assert Journal(robots.disks[0]).head() == head


def test_when_the_disk_refuses_nothing_leaves_and_nothing_goes_on() -> None:
    disk = MemoryStorage(CONFIG)
    replica = Replica(0, Settings(), disk, Sessions(Counters()), np.random.default_rng(0))
    while not replica.node.state.outbox:
        replica.node.tick()
    asked = replica.pump().messages
    assert len(asked) == 2
    disk.broken = "the disk is full"
    for message in asked:  # both say yes to the pre-vote: now its term and its vote are to be stored
        reply = {"term": message.term, "sender": message.to, "to": 0, "granted": True, "pre": True}
        replica.node.step(wire.decode(msgspec.msgpack.encode(["rw", *reply.values()])))
    for _ in range(2):
        with pytest.raises(StorageError, match="the disk is full"):
            replica.pump()
    assert disk.load().vote.term == 0
