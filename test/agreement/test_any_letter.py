"""Members that say what no member says: whatever it is, nobody's tick ends by it.

The log is not made for liars, so they may keep it from going on; `agreement/byzantine` is. Letters here are well
formed, with terms and places near those in force, so that they are not turned away at the door.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft import follower, messages
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import AppendReply, ChunkReply, Entry, Message
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.replica import Replica
from swarm_consensus.agreement.sessions import Sessions
from swarm_consensus.agreement.simulator.counters import Counters

CONFIG = members([0, 1, 2])
SETTINGS = Settings(snapshot_entries=4, window=8)
HUGE = 2**50
KINDS = [kind for kind in vars(messages).values() if isinstance(kind, type) and issubclass(kind, messages._Letter)][1:]
CONFIGS = [CONFIG, members([1]), members([7])]
DATA = [b"", b"\xc1", b"\x91" * 900, *map(msgspec.msgpack.encode, CONFIGS)]


class Robots:
    """Three members, each heard by the others at once."""

    def __init__(self, seed: int) -> None:
        rngs = np.random.default_rng(seed).spawn(3)
        self.replicas = [
            Replica(own, SETTINGS, MemoryStorage(CONFIG), Sessions(Counters()), rng) for own, rng in enumerate(rngs)
        ]

    def tick(self) -> None:
        for replica in self.replicas:
            replica.node.tick()
        post: list[Message] = []
        for _ in range(12):  # a liar may keep them talking for ever
            for message in post:
                self.replicas[message.to].node.step(message)
            post = [each for replica in self.replicas for each in replica.pump().messages if each.to < 3]

    def leader(self) -> Node:
        while not any(replica.node.lead for replica in self.replicas):
            self.tick()
        return next(replica.node for replica in self.replicas if replica.node.lead)


def letter(rng: np.random.Generator, node: Node) -> Message:
    """Draw what a liar says to a member."""
    kind = KINDS[rng.integers(len(KINDS))]
    fields = {each.name: _field(rng, node, each.name, each.type) for each in msgspec.structs.fields(kind)}
    return kind(**(fields | {"sender": (node.state.own + 1) % 3, "to": node.state.own}))


def _field(rng: np.random.Generator, node: Node, name: str, kind: object) -> object:
    def near(value: int) -> int:
        return HUGE if rng.random() < 0.05 else max(0, value + int(rng.integers(-2, 3)))

    if kind is bool:
        return bool(rng.random() < 0.5)
    if name == "entries":
        return tuple(Entry(near(node.state.term), int(rng.integers(3)), _data(rng)) for _ in range(rng.integers(4)))
    if name == "data":
        return _data(rng)
    if name == "digest":
        return bytes(16)
    if name == "term":
        return node.state.term + int(rng.random() < 0.1)
    return near(node.state.term if "term" in name else node.state.log.last if "index" in name else 2)


def _data(rng: np.random.Generator) -> bytes:
    return DATA[rng.integers(len(DATA))]


def lied_to(seed: int) -> None:
    """Let a member hear lies for a while."""
    rng = np.random.default_rng(seed)
    robots = Robots(seed)
    node = robots.leader() if seed % 2 else robots.replicas[0].node
    for _ in range(40):
        robots.tick()
        for _ in range(rng.integers(3)):
            commit, term = node.state.log.commit, node.state.term
            node.step(letter(rng, node))
            assert node.state.log.commit >= commit
            assert node.state.term >= term


@pytest.mark.parametrize("seed", range(60))
def test_no_letter_ends_a_tick(seed: int) -> None:
    lied_to(seed)


def test_a_member_that_takes_in_any_configuration_is_ended_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "is_sound", lambda _: True)
    with pytest.raises(msgspec.MsgspecError):
        list(map(lied_to, range(60)))


def test_an_answer_to_a_round_that_was_not_begun_is_a_fault() -> None:
    node = Robots(0).leader()
    state, sender = node.state, (node.state.own + 1) % 3
    for reply in (
        AppendReply(state.term, sender, state.own, True, 0, HUGE),
        ChunkReply(state.term, sender, state.own, 0, bytes(16), 0, HUGE),
    ):
        before = state.faults
        node.step(reply)
        assert state.faults == before + 1
