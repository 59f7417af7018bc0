"""The inbox: every cause of dropping, and that what is dropped leaves no trace."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.network.frame import Frame, decode, encode, read
from swarm_consensus.network.inbox import CAUSES, Inbox

NOW = 1000
FUTURE = 2
OLDEST = 100


def frame_bytes(sender: int = 1, sequence: int | None = None, tick: int = NOW) -> bytes:
    place = (1.0, 2.0, 0.0)
    return encode(Frame(sender, tick if sequence is None else sequence, tick, place, (0.0, 0.0, 0.0), b"\x01", False))


def inbox() -> Inbox:
    return Inbox(own=0, roster_size=4, future_ticks=FUTURE, oldest_ticks=OLDEST)


GOOD = frame_bytes()
BAD = {
    "garbage": b"what the cat typed",
    "truncated": GOOD[:-1],
    "oversized": GOOD + b"\x00",
    "version": GOOD[:2] + b"\x02" + GOOD[3:],
    "value": frame_bytes(sequence=NOW + 1),
    "own": frame_bytes(sender=0),
    "stranger": frame_bytes(sender=4),
    "future": frame_bytes(tick=NOW + FUTURE + 1),
    "stale": frame_bytes(tick=NOW - OLDEST - 1),
}


def test_silence_is_nothing() -> None:
    box = inbox()
    assert box.accept([], NOW) == []
    assert box.dropped == 0


def test_a_good_frame_is_believed() -> None:
    box = inbox()
    assert box.accept([GOOD], NOW) == [read(GOOD)]
    assert box.dropped == 0


@pytest.mark.parametrize(("cause", "data"), list(BAD.items()))
def test_a_bad_frame_is_counted_by_its_cause_and_dropped(cause: str, data: bytes) -> None:
    box = inbox()
    assert box.accept([data], NOW) == []
    assert {name: count for name, count in box.counts.items() if count} == {cause: 1}
    assert box.dropped == 1


@pytest.mark.parametrize("data", BAD.values())
def test_a_bad_frame_does_not_silence_its_sender(data: bytes) -> None:
    assert len(inbox().accept([data, GOOD], NOW)) == 1


def test_every_cause_has_its_counter() -> None:
    assert set(inbox().counts) == {*BAD, "replayed", "forged"} == set(CAUSES)


def test_a_frame_that_names_another_than_its_proof_is_refused_and_silences_nobody() -> None:
    box = inbox()
    assert box.accept([GOOD], NOW, [decode(GOOD).sender + 1]) == []
    assert box.counts["forged"] == 1
    assert len(box.accept([GOOD], NOW, [decode(GOOD).sender])) == 1


@pytest.mark.parametrize(
    ("tick", "heard"), [(NOW + FUTURE, 1), (NOW - OLDEST, 1), (NOW + FUTURE + 1, 0), (NOW - OLDEST - 1, 0)]
)
def test_the_window_of_ticks_includes_its_ends(tick: int, heard: int) -> None:
    assert len(inbox().accept([frame_bytes(tick=tick)], NOW)) == heard


def test_a_frame_heard_twice_counts_once() -> None:
    box = inbox()
    assert len(box.accept([GOOD, GOOD], NOW)) == 1
    assert box.accept([GOOD], NOW + 1) == []
    assert box.counts["replayed"] == 2


def test_an_overtaken_frame_is_dropped() -> None:
    box = inbox()
    assert [each.frame.sequence for each in box.accept([frame_bytes(sequence=9), frame_bytes(sequence=8)], NOW)] == [9]


def test_senders_are_numbered_apart() -> None:
    assert len(inbox().accept([frame_bytes(sender=1), frame_bytes(sender=2)], NOW)) == 2


def test_a_restarted_sender_is_heard_at_once() -> None:
    """It forgot its sequence, but begins at the tick of its restart, which is above every number used before."""
    box = inbox()
    before = [frame_bytes(sequence=10 + k, tick=10 + k) for k in range(1, 31)]  # on from tick 10 to 39
    box.accept(before, 40)
    restarted = frame_bytes(sequence=60 + 1, tick=60 + 1)
    assert len(box.accept([restarted], 60)) == 1


def test_one_absurd_sequence_cannot_lock_out_its_sender() -> None:
    # the frame that would: sequence 2^53 is above its tick, so it is no frame; the true next one is believed
    payload = msgspec.msgpack.encode(msgspec.structs.replace(decode(GOOD), sequence=2**53))
    forged = GOOD[:3] + len(payload).to_bytes(2, "big") + payload
    box = inbox()
    assert len(box.accept([forged, frame_bytes(tick=NOW + 1)], NOW)) == 1
    assert box.counts["value"] == 1


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(NOW - 150, NOW + 5)), max_size=30),
    st.randoms(use_true_random=False),
)
def test_whatever_the_order_the_newest_news_of_each_sender_is_believed(
    heard: list[tuple[int, int]], order: random.Random
) -> None:
    data = [frame_bytes(sender=sender, tick=tick) for sender, tick in heard]
    order.shuffle(data)
    newest: dict[int, int] = {}
    for each in inbox().accept(data, NOW):
        frame = each.frame
        assert frame.tick > newest.get(frame.sender, -1)
        newest[frame.sender] = frame.tick
    expected: dict[int, int] = {}
    for sender, tick in heard:
        if sender in {1, 2, 3} and NOW - OLDEST <= tick <= NOW + FUTURE:
            expected[sender] = max(tick, expected.get(sender, 0))
    assert newest == expected


@given(st.lists(st.one_of(st.binary(max_size=64), st.sampled_from([GOOD, *BAD.values()])), max_size=20))
def test_everything_heard_is_believed_or_counted(heard: list[bytes]) -> None:
    box = inbox()
    believed = box.accept(heard, NOW)
    assert len(believed) + box.dropped == len(heard)
    assert box.dropped == sum(box.counts.values())


def test_an_inbox_that_only_decodes_believes_a_replay() -> None:
    assert len([decode(data) for data in (GOOD, GOOD)]) == 2
