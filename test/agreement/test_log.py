"""The log in memory, and what a leader sends of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement.raft.log import Log
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import COMMAND, Append, AppendReply, Chunk, Entry, Snapshot
from swarm_consensus.agreement.simulator.stage import SETTINGS, Stage

CONFIG = members([0])


def log(*terms: int, base: int = 0, base_term: int = 0) -> Log:
    return Log(Snapshot(base, base_term, CONFIG), [Entry(term, COMMAND, b"xx") for term in terms])


def test_an_empty_log_ends_where_its_snapshot_does() -> None:
    assert (log().last, log().last_term, log().term_at(0), log().term_at(1)) == (0, 0, 0, -1)
    late = log(base=7, base_term=3)
    assert (late.last, late.last_term, late.term_at(7), late.term_at(6)) == (7, 3, 3, -1)


def test_entries_are_found_by_index() -> None:
    some = log(3, 3, 4, base=7, base_term=2)
    assert [some.term_at(index) for index in range(6, 12)] == [-1, 2, 3, 3, 4, -1]
    assert [entry.term for entry in some.between(9, 10)] == [3, 4]


@pytest.mark.parametrize(
    ("previous", "terms", "first"),
    [
        (0, (1, 1), 0),
        (0, (1, 1, 2, 2), 0),
        (0, (1, 1, 2, 2, 3), 5),
        (1, (1, 3), 3),
        (4, (3,), 5),
        (0, (), 0),
    ],
)
def test_the_first_entry_that_is_missing_or_differs(previous: int, terms: tuple[int, ...], first: int) -> None:
    assert log(1, 1, 2, 2).conflict(previous, [Entry(term, COMMAND) for term in terms]) == first


def test_entries_are_cut_to_the_size_of_a_message_but_one_always_goes() -> None:
    some = log(1, 1, 1, 1)  # 2 bytes of data and 6 around them
    assert [len(some.fitting(1, most, size)) for most, size in ((9, 99), (2, 99), (9, 16), (9, 23), (9, 1))] == [
        4,
        2,
        2,
        2,
        1,
    ]
    assert some.fitting(5, 9, 99) == ()


def test_a_tail_stays_behind_a_snapshot() -> None:
    some = log(1, 1, 2, 2, 3)
    some.compact(Snapshot(4, 2, CONFIG), kept=2)
    assert (some.base, some.base_term, some.last) == (2, 1, 5)
    assert [some.term_at(index) for index in range(1, 6)] == [-1, 1, 2, 2, 3]
    some.compact(Snapshot(5, 3, CONFIG), kept=9)
    assert some.base == 2


TERMS = st.lists(st.integers(1, 4), max_size=8).map(sorted)


@given(TERMS, TERMS)
def test_a_leader_finds_where_the_logs_agree_within_one_question_a_term(leader: list[int], follower: list[int]) -> None:
    """Logs of which equal terms at an index mean equal beginnings: what Raft keeps."""
    common = 0
    while common < min(len(leader), len(follower)) and leader[common] == follower[common]:
        common += 1
    # whatever comes after must not agree anywhere again
    follower = follower[:common] + [term + 10 for term in follower[common:]]
    ours, theirs = log(*leader), log(*follower)
    previous, questions = ours.last, 0
    while theirs.term_at(previous) != ours.term_at(previous):
        questions += 1
        hint, term = theirs.agreeing(previous, ours.term_at(previous))
        found, _ = ours.agreeing(hint, term)
        previous = min(found, previous - 1)
    assert previous == common
    assert questions <= 1 + len(set(leader))


def test_a_full_window_over_a_compacted_log_sends_nothing_that_hangs_in_the_air() -> None:
    """Found by the simulator: an append whose previous entry the leader did not have any more."""
    stage = Stage(range(3))
    stage.elect(0, 1, 2)
    stage.flow(0, 1, 2)
    for _ in range(4 * SETTINGS.window):
        stage.propose(0)
        stage.flow(0, 1)
    stage.compact(0)
    stage.lose()
    stage.propose(0)
    stage.flow(0, 1)
    assert [message for message in stage.post if isinstance(message, Append) and message.previous_term < 0] == []
    stage.tick(0, times=SETTINGS.heartbeat_ticks)
    assert [type(message) for message in stage.post if message.to == 2] == [Chunk]
    for _ in range(4):
        stage.flow(0, 2)
        stage.tick(0, times=SETTINGS.heartbeat_ticks)
    stage.flow(0, 2)
    assert stage.node(2).state.log.applied == stage.node(0).state.log.last


def test_entries_go_ahead_of_answers_up_to_a_window() -> None:
    stage = Stage(range(2))
    stage.elect(0, 1)
    stage.flow(0, 1)
    for _ in range(2 * SETTINGS.window):
        stage.propose(0)
    sent = [message for message in stage.post if isinstance(message, Append)]
    assert sum(len(message.entries) for message in sent) == SETTINGS.window
    stage.flow(0, 1)
    assert stage.node(0).state.log.commit == 1 + 2 * SETTINGS.window


def test_what_was_lost_shows_at_the_next_heartbeat() -> None:
    stage = Stage(range(2))
    stage.elect(0, 1)
    stage.flow(0, 1)
    stage.propose(0)
    stage.lose()
    stage.propose(0)
    stage.lose()
    stage.tick(0, times=SETTINGS.heartbeat_ticks)
    stage.flow(0, 1)
    assert stage.node(0).state.log.commit == 3


def test_an_answer_about_more_than_the_leader_has_is_not_believed() -> None:
    stage = Stage(range(3))
    stage.elect(0, 1, 2)
    stage.deliver(AppendReply(1, 1, 0, True, 99, 1))
    assert stage.node(0).state.log.commit == 0
    assert stage.node(0).state.faults == 1
