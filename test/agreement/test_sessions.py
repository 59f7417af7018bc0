"""Sessions: each command once, also after a snapshot, and in a bounded table."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement.sessions import Command, Open, Outcome, Sessions, pack
from swarm_consensus.agreement.simulator.counters import Counters, answer_of, pack_add


def opened(most: int = 4) -> tuple[Sessions, Counters]:
    counters = Counters()
    sessions = Sessions(counters, most)
    assert sessions.apply(1, pack(Open(77))) == Outcome(1, 77, "opened")
    return sessions, counters


def add(number: int, session: int = 1, amount: int = 5) -> bytes:
    return pack(Command(session, number, pack_add(0, amount)))


def test_a_command_that_comes_again_is_answered_but_not_done_again() -> None:
    sessions, counters = opened()
    first = sessions.apply(2, add(1))
    assert sessions.apply(3, add(1)) == first
    assert (first.verdict, answer_of(first.answer), counters.value(0)) == ("done", 5, 5)


def test_an_older_command_has_no_answer_any_more() -> None:
    sessions, counters = opened()
    sessions.apply(2, add(1))
    sessions.apply(3, add(2))
    assert sessions.apply(4, add(1)) == Outcome(1, 1, "superseded")
    assert counters.value(0) == 10


def test_a_session_that_nobody_opened_does_nothing() -> None:
    sessions, counters = opened()
    assert sessions.apply(2, add(1, session=9)) == Outcome(9, 1, "expired")
    assert counters.value(0) == 0


def test_the_session_unused_for_the_longest_goes_first() -> None:
    sessions, _ = opened(most=2)
    sessions.apply(2, pack(Open(88)))
    sessions.apply(3, add(1, session=1))  # 2 is now the older one
    sessions.apply(4, pack(Open(99)))
    assert sessions.apply(5, add(1, session=2)).verdict == "expired"
    assert sessions.apply(6, add(2, session=1)).verdict == "done"


def test_a_snapshot_remembers_what_was_done() -> None:
    sessions, _ = opened()
    first = sessions.apply(2, add(1))
    counters = Counters()
    other = Sessions(counters, 4)
    other.restore(sessions.snapshot())
    assert other.apply(3, add(1)) == first
    assert counters.value(0) == 5
    assert other.snapshot() == sessions.snapshot()


@given(st.binary(max_size=60))
def test_an_entry_of_any_bytes_changes_nothing_or_is_a_request(data: bytes) -> None:
    sessions, counters = opened()
    assert sessions.apply(2, data).verdict in ("unreadable", "opened", "expired")
    assert counters.value(0) == 0
