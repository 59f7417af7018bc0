"""Sealed frames: what is accepted, and everything that is not."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.network import key_files, seal
from swarm_consensus.network.frame import MTU, Frame, FrameError, decode, encode
from swarm_consensus.network.keys import KeyFault, PrivateKey
from swarm_consensus.network.replay import Mark, Marks
from swarm_consensus.network.seal import ROOM, Identity, Kind, Opener, Sealer, SealError

KEYS = [PrivateKey(bytes((number,)) * 32) for number in range(4)]
ROSTER = {number: Identity(key.public) for number, key in enumerate(KEYS[:3])}  # 3 is a stranger
SECRET = b"sixteen or more!"
KINDS: tuple[Kind, ...] = ("identity", "group")


class MemoryShelf:
    """A disk for marks; may refuse."""

    def __init__(self) -> None:
        self.marks: dict[bytes, Mark] = {}
        self.writes = 0
        self.full = False

    def load(self) -> Mapping[bytes, Mark]:
        return self.marks

    def save(self, marks: Mapping[bytes, Mark]) -> None:
        if self.full:
            raise KeyFault("full")
        self.marks, self.writes = dict(marks), self.writes + 1


def sealer(
    sender: int, kind: Kind = "identity", epoch: int = 1, swarm: bytes = b"a", claimed: int | None = None
) -> Sealer:
    prove = seal.by_identity(KEYS[sender], swarm) if kind == "identity" else seal.by_group(SECRET, swarm)
    return Sealer(sender if claimed is None else claimed, epoch, kind, prove)


def opener(
    kind: Kind = "identity", shelf: MemoryShelf | None = None, own: int = 0, swarm: bytes = b"a", reserve: int = 20
) -> Opener:
    check = seal.checks_identity(swarm) if kind == "identity" else seal.checks_group(SECRET, swarm)
    return Opener(own, kind, ROSTER, check, Marks(shelf or MemoryShelf(), reserve))


def refusal(receiver: Opener, data: bytes, now: int = 0) -> str | None:
    try:
        receiver.open(data, now)
    except SealError as error:
        return error.reason
    return None


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.binary(max_size=100), max_size=5))
def test_what_was_sealed_comes_out_once(kind: Kind, texts: list[bytes]) -> None:
    sender, receiver = sealer(1, kind), opener(kind)
    for number, text in enumerate(texts):
        data = sender.seal(text)
        opened = receiver.open(data, 0)
        assert (opened.sender, opened.epoch, opened.counter, opened.data) == (1, 1, number, text)
        assert refusal(receiver, data) == "replayed"


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_frame_fills_the_mtu_and_one_more_byte_is_refused(kind: Kind) -> None:
    assert len(sealer(1, kind).seal(bytes(ROOM[kind]))) == MTU
    with pytest.raises(SealError, match="oversized"):
        sealer(1, kind).seal(bytes(ROOM[kind] + 1))
    assert refusal(opener(kind), bytes(MTU + 1)) == "oversized"


@pytest.mark.parametrize("kind", KINDS)
def test_no_bit_may_change_and_no_byte_may_be_missing(kind: Kind) -> None:
    data = sealer(1, kind).seal(b"some data")
    number = int.from_bytes(data, "big")
    receiver = opener(kind)
    for bit in range(8 * len(data)):
        assert refusal(receiver, (number ^ (1 << bit)).to_bytes(len(data), "big")) is not None
    for size in range(len(data)):
        assert refusal(receiver, data[:size]) in {"garbage", "truncated", "forged"}
    assert refusal(receiver, data + b"x") == "forged"
    assert refusal(receiver, data) is None, "and none of these used up the counter of the true one"


@pytest.mark.parametrize("kind", KINDS)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_reason(kind: Kind, data: bytes) -> None:
    receiver = opener(kind)
    for candidate in (data, b"SS\x01\x01\x01" + data, b"SS\x01\x02\x01" + data):
        assert refusal(receiver, candidate) in seal.REASONS
    assert sum(receiver.counts.values()) == 3


def test_nobody_speaks_for_another() -> None:
    assert refusal(opener(), sealer(1, claimed=2).seal(b"")) == "forged"
    assert refusal(opener(), sealer(3, claimed=2).seal(b"")) == "forged"


def test_a_group_key_proves_membership_only() -> None:
    """Why `group` is the weaker one, and a verdict says so."""
    assert opener("group").open(sealer(1, "group", claimed=2).seal(b""), 0).sender == 2
    assert seal.WEAKNESS["identity"] == ""
    assert "any of them can speak for any other" in seal.WEAKNESS["group"]


def test_a_stranger_is_refused() -> None:
    assert refusal(opener(), sealer(3).seal(b"")) == "stranger"


@pytest.mark.parametrize("kind", KINDS)
def test_an_echo_or_a_reflection_is_refused(kind: Kind) -> None:
    assert refusal(opener(kind, own=1), sealer(1, kind).seal(b"")) == "own"


@pytest.mark.parametrize("kind", KINDS)
def test_another_swarm_with_the_same_keys_is_another_world(kind: Kind) -> None:
    assert refusal(opener(kind, swarm=b"a"), sealer(1, kind, swarm=b"b").seal(b"")) == "forged"


def test_the_weaker_kind_is_not_accepted_in_place_of_the_stronger() -> None:
    assert refusal(opener("identity"), sealer(1, "group").seal(bytes(100))) == "kind"
    assert refusal(opener("group"), sealer(1, "identity").seal(bytes(100))) == "kind"


def test_a_key_counts_until_it_expires() -> None:
    roster = {1: Identity(KEYS[1].public, expires=1000)}
    receiver = Opener(0, "identity", roster, seal.checks_identity(b"a"), Marks(MemoryShelf()))
    sender = sealer(1)
    assert refusal(receiver, sender.seal(b""), 999) is None
    assert refusal(receiver, sender.seal(b""), 1000) == "expired"
    assert receiver.counts["expired"] == 1


def test_a_frame_names_the_sender_that_the_seal_proves() -> None:
    def frame(sender: int) -> bytes:
        return encode(Frame(sender, 5, 5, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), b"", False))

    sender, receiver = sealer(1), opener()
    assert receiver.frame(sender.seal(frame(1)), 0) == decode(frame(1))
    with pytest.raises(SealError, match="forged"):
        receiver.frame(sender.seal(frame(2)), 0)
    with pytest.raises(FrameError, match="garbage"):
        receiver.frame(sender.seal(b"no frame"), 0)


def test_a_frame_without_a_seal_and_a_seal_without_opening_are_nothing() -> None:
    bare = encode(Frame(1, 5, 5, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), b"", False))
    assert refusal(opener(), bare) == "garbage"
    with pytest.raises(FrameError, match="garbage"):
        decode(sealer(1).seal(bare))


def test_macs_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant with == would not go through here."""
    asked: list[tuple[int, int]] = []

    def watched(one: bytes, other: bytes) -> bool:
        asked.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", watched)
    assert refusal(opener("group"), sealer(1, "group").seal(b"data")) is None
    assert asked == [(16, 16)]


@pytest.mark.parametrize("secret", [b"", b"fifteen letters", bytes(65)])
def test_a_group_key_of_a_wrong_length_is_refused(secret: bytes) -> None:
    with pytest.raises(KeyFault, match="from 16 to 64"):
        seal.by_group(secret, b"a")


@pytest.mark.parametrize("epoch", [-1, 2**32])
def test_an_epoch_out_of_range_is_refused(epoch: int) -> None:
    with pytest.raises(KeyFault, match="a new key is due"):
        sealer(1, epoch=epoch)


@pytest.mark.parametrize("sender", [-1, 256])
def test_a_sender_out_of_range_is_refused(sender: int) -> None:
    with pytest.raises(KeyFault, match="must be from 0 to 255"):
        sealer(1, claimed=sender)


# replays


def test_a_restarted_sender_is_above_everything_it_ever_said(tmp_path: Path) -> None:
    key_files.new_key(tmp_path, "scout")
    receiver, said = opener(), []
    for _ in range(3):
        sender = sealer(1, epoch=key_files.next_epoch(tmp_path, "scout"))
        for _ in range(4):
            said.append(sender.seal(b""))
            assert refusal(receiver, said[-1]) is None
    assert {refusal(receiver, old) for old in said} == {"replayed"}


def test_a_receiver_that_could_not_store_accepts_nothing() -> None:
    shelf = MemoryShelf()
    receiver, sender = opener(shelf=shelf), sealer(1)
    shelf.full = True
    data = sender.seal(b"")
    assert refusal(receiver, data) == "unkept"
    shelf.full = False
    assert refusal(receiver, data) is None


class Forgetful(Marks):
    """A mutant: stores what it accepted and not a mark ahead, and that only now and then."""

    def take(self, who: bytes, mark: Mark) -> None:
        self._last[who] = mark
        if mark[1] % 4 == 0:
            self._shelf.save(self._last)


def accepted_twice(kind: type[Marks], acts: list[tuple[str, int, int]], reserve: int) -> tuple[bool, int]:
    """Play sends, replays and restarts; tell whether anything was accepted twice, and the longest deafness."""
    shelf, seen, said = MemoryShelf(), set(), []
    counters = {1: [1, 0], 2: [1, 0]}
    marks = kind(shelf, reserve)
    deaf = {1: 0, 2: 0}
    longest = 0
    for act, sender, which in acts:
        if act == "receiver restarts":
            marks = kind(shelf, reserve)
            continue
        if act == "sender restarts":
            counters[sender] = [counters[sender][0] + 1, 0]
            continue
        if act == "send":
            epoch, counter = counters[sender]
            counters[sender][1] += 1
            said.append((sender, epoch, counter))
            item = said[-1]
        elif said:
            item = said[which % len(said)]
        else:
            continue
        who, mark = item[0], (item[1], item[2])
        if marks.is_new(bytes((who,)), mark):
            if item in seen:
                return True, longest
            marks.take(bytes((who,)), mark)
            seen.add(item)
            deaf[who] = 0
        elif act == "send":
            deaf[who] += 1
            longest = max(longest, deaf[who])
    return False, longest


ACT = st.tuples(
    st.sampled_from(["send", "send", "send", "replay", "replay", "receiver restarts", "sender restarts"]),
    st.sampled_from([1, 2]),
    st.integers(0, 200),
)


@settings(max_examples=300)
@given(st.lists(ACT, max_size=60), st.integers(1, 5))
def test_nothing_is_accepted_twice_whoever_restarts(acts: list[tuple[str, int, int]], reserve: int) -> None:
    assert not accepted_twice(Marks, acts, reserve)[0]


def test_marks_that_lag_behind_let_a_replay_in() -> None:
    acts = [("send", 1, 0), ("send", 1, 0), ("receiver restarts", 1, 0), ("replay", 1, 1)]
    assert accepted_twice(Forgetful, acts, 5)[0]
    assert not accepted_twice(Marks, acts, 5)[0]


@pytest.mark.parametrize("reserve", [1, 5, 20])
def test_a_restarted_receiver_is_deaf_for_at_most_the_reserve_and_writes_once_per_reserve(reserve: int) -> None:
    acts = [("send", 1, 0)] * (7 * (reserve + 1) + 1) + [("receiver restarts", 1, 0)] + [("send", 1, 0)] * (2 * reserve)
    assert accepted_twice(Marks, acts, reserve) == (False, reserve)
    shelf = MemoryShelf()
    receiver, senders = opener("group", shelf, own=5, reserve=reserve), [sealer(each, "group") for each in range(3)]
    for _ in range(10 * reserve):
        for sender in senders:
            receiver.open(sender.seal(b""), 0)
    assert shelf.writes <= 10 + 3  # one for all senders together, and one as each is heard for the first time
