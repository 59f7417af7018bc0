"""A bundle counts from one index on, for all, or not at all."""

from __future__ import annotations

import msgspec
import pytest

from swarm_consensus.agreement.activation import Activations, Announce, Whole, answer_of, pack
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.manifest import sign

KEY, OTHER = PrivateKey(bytes(range(32))), PrivateKey(bytes(32))
FIRST, SECOND = sign("map", 1, b"first", KEY), sign("map", 2, b"second", KEY)


def machine() -> Activations:
    return Activations(lambda: [KEY.public])


def told(each: Activations, index: int, request: Announce | Whole) -> str:
    return answer_of(each.apply(index, pack(request)))


def test_it_counts_from_the_entry_of_the_last_robot_on() -> None:
    one = machine()
    assert told(one, 1, Announce(FIRST, (0, 2))) == ""
    assert told(one, 2, Whole("map", 1, 0)) == ""
    assert one.active == {}
    assert told(one, 3, Whole("map", 1, 2)) == ""
    assert (one.active["map"].manifest, one.active["map"].index) == (FIRST, 3)
    assert one.coming == {}


def test_the_old_one_counts_until_all_have_the_new_one() -> None:
    one = machine()
    for index, request in enumerate(
        [Announce(FIRST, (0,)), Whole("map", 1, 0), Announce(SECOND, (0, 1)), Whole("map", 2, 1)]
    ):
        told(one, index, request)
    assert one.active["map"].manifest == FIRST
    told(one, 9, Whole("map", 2, 0))
    assert one.active["map"] == type(one.active["map"])(SECOND, 9)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Announce(sign("map", 3, b"x", OTHER), (0,)), "no commander's"),
        (Announce(msgspec.structs.replace(SECOND, signature=b""), (0,)), "is not signed"),
        (Announce(msgspec.structs.replace(SECOND, size=9), (0,)), "does not fit"),
        (Announce(FIRST, (0,)), "is not newer than number 1"),
        (Announce(SECOND, ()), "is for nobody"),
        (Whole("map", 2, 0), "number 2 is not awaited"),
        (Whole("plan", 1, 0), "'plan' number 1 is not awaited"),
        (Whole("map", 1, 5), "robot 5 is not awaited"),
    ],
)
def test_a_refused_request_changes_nothing(request_: Announce | Whole, words: str) -> None:
    one = machine()
    told(one, 1, Announce(FIRST, (0, 1)))
    before = one.snapshot()
    assert words in told(one, 2, request_)
    assert one.snapshot() == before
    assert "no request" in answer_of(one.apply(3, b"garbage"))


def test_a_snapshot_is_the_whole_state() -> None:
    one, other = machine(), machine()
    for index, request in enumerate([Announce(FIRST, (0,)), Whole("map", 1, 0), Announce(SECOND, (0, 1))]):
        told(one, index, request)
    other.restore(one.snapshot())
    assert other.snapshot() == one.snapshot()
    assert (other.active, other.coming) == (one.active, one.coming)
