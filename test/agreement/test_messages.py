"""Messages: they fit beside a beacon in a frame, and no message that can be decoded makes a member raise."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.chunks import Incoming, Outgoing, digest_of
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import (
    COMMAND,
    Append,
    AppendReply,
    Chunk,
    ChunkReply,
    Entry,
    Forward,
    Message,
    ReadReply,
    ReadRequest,
    Snapshot,
    TimeoutNow,
    VoteReply,
    VoteRequest,
)
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.simulator.stage import Stage
from swarm_consensus.network.frame import MTU

LARGE = 2**40
BIG = 600
decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
EACH: list[Message] = [
    VoteRequest(LARGE, 200, 201, LARGE, LARGE, True, False),
    VoteReply(LARGE, 200, 201, True, False),
    Append(LARGE, 200, 201, LARGE, LARGE, (Entry(LARGE, COMMAND, bytes(BIG)),), LARGE, LARGE),
    Append(LARGE, 200, 201, LARGE, LARGE, (), LARGE, LARGE),
    AppendReply(LARGE, 200, 201, False, LARGE, LARGE, LARGE, LARGE),
    Chunk(LARGE, 200, 201, LARGE, LARGE, bytes(16), LARGE, bytes(BIG), LARGE),
    ChunkReply(LARGE, 200, 201, LARGE, bytes(16), LARGE, LARGE),
    TimeoutNow(LARGE, 200, 201),
    Forward(LARGE, 200, 201, bytes(BIG)),
    ReadRequest(LARGE, 200, 201, LARGE),
    ReadReply(LARGE, 200, 201, LARGE, LARGE),
]


@pytest.mark.parametrize("message", EACH, ids=lambda message: type(message).__name__)
def test_each_comes_back_as_it_was_and_leaves_room_in_a_frame(message: Message) -> None:
    data = msgspec.msgpack.encode(message)
    assert decoder.decode(data) == message
    # header and beacon of 100 robots take 98 bytes, and news of four others as many again
    assert len(data) <= MTU - 2 * 98 - 5


def test_many_small_entries_fit_as_well() -> None:
    stage = Stage(range(3))
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    for _ in range(20):
        stage.propose(0, bytes(3))
    stage.node(0).step(AppendReply(1, 1, 0, False, 21, 99))
    stage.pump(0)
    longest = max(len(msgspec.msgpack.encode(message)) for message in stage.post)
    assert longest <= 64 + 40  # message_bytes of the stage, and the fields around the entries


def test_a_command_that_would_not_fit_is_a_sentence() -> None:
    stage = Stage([0])
    with pytest.raises(AgreementError, match="a command of 65 bytes, must be at most 64"):
        stage.node(0).propose(bytes(65))


def test_no_negative_or_endless_number_is_decoded() -> None:
    for wrong in (-1, 2**60):
        data = msgspec.msgpack.encode(["rn", wrong, 0, 1])
        with pytest.raises(msgspec.ValidationError):
            decoder.decode(data)


SMALL = st.integers(0, 4)
ENTRIES = st.lists(st.builds(Entry, SMALL, st.integers(0, 1), st.binary(max_size=4)), max_size=3).map(tuple)
WHO = (SMALL, st.integers(0, 3), st.just(0))
MESSAGES = st.one_of(
    st.builds(VoteRequest, *WHO, SMALL, SMALL, st.booleans(), st.booleans()),
    st.builds(VoteReply, *WHO, st.booleans(), st.booleans()),
    st.builds(Append, *WHO, SMALL, SMALL, ENTRIES, SMALL, SMALL),
    st.builds(AppendReply, *WHO, st.booleans(), SMALL, SMALL, SMALL, SMALL),
    st.builds(Chunk, *WHO, SMALL, SMALL, st.binary(min_size=16, max_size=16), SMALL, st.binary(max_size=4), SMALL),
    st.builds(ChunkReply, *WHO, SMALL, st.binary(min_size=16, max_size=16), SMALL, SMALL),
    st.builds(TimeoutNow, *WHO),
    st.builds(Forward, *WHO, st.binary(max_size=4)),
    st.builds(ReadRequest, *WHO, SMALL),
    st.builds(ReadReply, *WHO, SMALL, SMALL),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(MESSAGES, st.integers(1, 25)), max_size=40))
def test_no_sequence_of_messages_makes_a_member_raise_or_forget_what_is_committed(steps: list[Message | int]) -> None:
    disk = MemoryStorage(members([0, 1, 2]))
    node = Node(0, Settings(), disk.load(), np.random.default_rng(0))
    applied: list[Entry] = []
    for step in steps:
        if isinstance(step, int):
            for _ in range(step):
                node.tick()
        else:
            node.step(step)
        while ready := node.ready():
            disk.save(ready)
            node.advance()
            assert [index for index, _ in ready.committed] == list(
                range(len(applied) + 1, len(applied) + 1 + len(ready.committed))
            )
            applied += [entry for _, entry in ready.committed]
        log = node.state.log
        assert log.applied == log.commit <= log.last == log.saved
        assert disk.load().entries == tuple(log.between(1, log.last))


def chunks(snapshot: Snapshot, size: int) -> list[Chunk]:
    outgoing, found = Outgoing(snapshot), []
    for offset in range(0, len(outgoing.data), size):
        outgoing.offset = offset
        piece = outgoing.piece(size)
        found.append(Chunk(1, 0, 1, snapshot.index, len(outgoing.data), outgoing.digest, offset, piece, 1))
    return found


def test_a_snapshot_arrives_in_pieces_whatever_comes_twice() -> None:
    snapshot = Snapshot(7, 3, members([0, 1, 2]), bytes(range(256)) * 4)
    pieces, incoming, rng = chunks(snapshot, 100), Incoming(), np.random.default_rng(1)
    assert len(pieces) == 11  # 1024 bytes of state and 13 around them
    found = [incoming.add(again) for piece in pieces for again in [piece] * int(rng.integers(1, 4))]
    assert [each for each in found if each] == [snapshot]


def test_a_damaged_snapshot_is_not_taken() -> None:
    snapshot, incoming = Snapshot(7, 3, members([0, 1, 2]), bytes(300)), Incoming()
    first, *rest = chunks(snapshot, 100)
    damaged = msgspec.structs.replace(first, data=bytes([first.data[0] ^ 1]) + first.data[1:])
    assert [incoming.add(piece) for piece in (damaged, *rest)] == [None] * 4
    assert incoming.offset_of(first) == 0
    assert [incoming.add(piece) for piece in (first, *rest)] == [None, None, None, snapshot]


def test_a_newer_snapshot_takes_the_place_of_one_half_arrived() -> None:
    old, new = Snapshot(7, 3, members([0]), bytes(300)), Snapshot(9, 3, members([0]), bytes(200))
    incoming = Incoming()
    incoming.add(chunks(old, 100)[0])
    assert [incoming.add(piece) for piece in chunks(new, 100)] == [None, None, new]


@pytest.mark.parametrize("end", [b"", b"\xc0"])
def test_a_snapshot_with_something_nested_too_deep_behind_it_is_none(end: bytes) -> None:
    whole = msgspec.msgpack.encode(Snapshot(7, 3, members([0]), b""))
    assert whole[0] == 0x94  # array of 4: with one more element, which a reader passes over
    deep = b"\x95" + whole[1:] + b"\x91" * 100_000 + end
    assert Incoming().add(Chunk(1, 0, 1, 7, len(deep), digest_of(deep), 0, deep, 1)) is None
